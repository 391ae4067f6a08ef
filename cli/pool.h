/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_POOL_H
#define CLI_POOL_H

#include "cli.h"

/* What the verbs of the pool group share. */

CLI_DEFINE_CLEANUP(store, struct cow_pool_store *, cow_pool_store_free)
CLI_DEFINE_CLEANUP(pool, struct cow_pool *, cow_pool_free)
CLI_DEFINE_CLEANUP(pools, struct cow_pool **, cow_pool_list_free)

/* One pool as text, JSON and --output show it. */
extern const struct cli_column cli_pool_columns[];

/* Of verbs that work on one pool. */
#define CLI_POOL_OPERAND                                                                           \
	.operands = "POOL", .operands_min = 1, .operands_max = 1, .complete = CLI_COMPLETE_POOL

/* Of verbs that take XML. */
#define CLI_VALIDATE_OPTION                                                                        \
	{                                                                                          \
		"validate", 0, NULL, NULL, "refuse what has no meaning here, by its line", 0,      \
			false                                                                      \
	}
/* Of verbs that list volumes. */
#define CLI_INDEX_OPTION                                                                           \
	{                                                                                          \
		"no-index", 0, NULL, NULL, "look into every file, also those already known", 0,    \
			false                                                                      \
	}

/* Of verbs that work on any number. */
#define CLI_POOLS_OPERAND .operands = "POOL...", .operands_max = -1, .complete = CLI_COMPLETE_POOL

/* XML out of a file, "-" for standard input; free it. NULL: errno. */
char *cli_read_definition(const char *name, size_t *ret_size);

/* Open the store --system and --session name and find the pool of the first operand.
 * @return 0, or an exit status after the error was said. */
int cli_pool_open(struct cli_call *call, struct cow_pool_store **ret_store,
		  struct cow_pool **ret_pool);

/* The same for a pool by its name. */
int cli_pool_find(struct cli_call *call, const char *name, struct cow_pool_store **ret_store,
		  struct cow_pool **ret_pool);

/* The same, unless what is in its directory is not the pool's. */
int cli_pool_find_mounted(struct cli_call *call, const char *name,
			  struct cow_pool_store **ret_store, struct cow_pool **ret_pool);

/* All pools. What can't be read may have a directory or a policy that counts, so it is said; but
 * not that there are pools of a type that has no files in directories.
 * @param ret_pools what could be read, also after that; NULL if it was nothing.
 * @return 0, or an exit status after the error was said. */
int cli_pool_list(struct cli_call *call, struct cow_pool_store *store,
		  struct cow_pool ***ret_pools);

/* Do something with each pool among the operands; what fails for one stops no other.
 * @return the worst exit status. */
typedef int cli_pool_function(struct cli_call *call, struct cow_pool_store *store,
			      struct cow_pool *pool);
int cli_pool_each(struct cli_call *call, cli_pool_function *work);

/* How a refreshed pool in use stands: a drift is a finding, not to know is a failure where a policy
 * is asked for. Both are said. @return an exit status. */
int cli_pool_judge(struct cli_call *call, const struct cow_pool *pool);
/* The same of one that was to be started, which is done: not to know is a finding. */
int cli_pool_judge_started(struct cli_call *call, const struct cow_pool *pool);

/* Say of a pool, as it is in use, that another definition was stored for its next start. */
void cli_pool_tell_pending(struct cli_call *call, const struct cow_pool *pool);

/* The refreshed pool as one more of the JSON's pools[], which is returned; in text nothing. */
json_t *cli_pool_json(struct cli_call *call, struct cow_pool_store *store, struct cow_pool *pool);

struct cli_pool_counts {
	struct cow_volume_counts volumes;
	uint64_t directories; /* in the pool's own that have drifted */
	uint64_t unread;      /* and that could not be looked into */
};
/* The volumes of a pool, counted as a verb with CLI_INDEX_OPTION looks at them.
 * @return 0 or -errno with the error filled. */
int cli_pool_count(struct cli_call *call, struct cow_pool_store *store, const struct cow_pool *pool,
		   struct cli_pool_counts *ret, struct cow_error *err);
extern const struct cli_column cli_count_columns[];
/* As "summary" of a pool in the JSON, null without counts; nothing in text. */
void cli_pool_json_counts(json_t *pool, const struct cli_pool_counts *counts);

#endif
