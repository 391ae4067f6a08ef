/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_VOL_H
#define CLI_VOL_H

#include "pool.h"

/* What the verbs of the vol group share. */

CLI_DEFINE_CLEANUP(volume, struct cow_volume *, cow_volume_free)
CLI_DEFINE_CLEANUP(volume_list, struct cow_volume_list *, cow_volume_list_free)

/* One volume as text, JSON and --output show it. */
extern const struct cli_column cli_vol_columns[];

/* Of verbs that work on one volume: a name with --pool, a path or key without. */
#define CLI_VOL_OPERAND                                                                            \
	.operands = "VOL", .operands_min = 1, .operands_max = 1, .complete = CLI_COMPLETE_VOLUME
#define CLI_VOL_POOL_OPTION                                                                        \
	{                                                                                          \
		"pool", 0, "POOL", NULL, "its pool; without it VOL is a path or key",              \
			CLI_COMPLETE_POOL, false                                                   \
	}
#define CLI_VOL_FORMAT_OPTION                                                                      \
	{                                                                                          \
		"format", 'f', "FORMAT", "raw|qcow2|qcow|qed|vmdk|vdi|vpc|vhdx|luks",              \
			"what VOL is (found out if not given)", 0, false                           \
	}

/* What a verb works on. */
struct cli_vol {
	struct cow_pool_store *store;
	struct cow_pool *pool;
	struct cow_volume *volume;
};
void cli_vol_close(struct cli_vol *vol);
#define CLI_VOL_CLEANUP __attribute__((cleanup(cli_vol_close)))

/* Find the volume of the first operand. @return 0, or an exit status after the error was said. */
int cli_vol_open(struct cli_call *call, struct cli_vol *ret);
/* The same for a name in a pool, or a path or key without one. */
int cli_vol_find(struct cli_call *call, const char *pool, const char *name, struct cli_vol *ret);

/* The volume as the only one of the JSON's volumes[], none for NULL; nothing in text. */
void cli_vol_json(struct cli_call *call, const struct cow_volume *volume);
/* The same for a volume that was changed, as it is now, which becomes the one of `vol`.
 * @return an exit status. */
int cli_vol_json_again(struct cli_call *call, struct cli_vol *vol);

#endif
