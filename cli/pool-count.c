/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many volumes there are in a pool, and how they stand. */
#include "vol.h"

CLI_GETTER(get_volumes, struct cow_volume_counts, cli_number(item->volumes))
CLI_GETTER(get_ok, struct cow_volume_counts, cli_number(item->ok))
CLI_GETTER(get_drifted, struct cow_volume_counts, cli_number(item->drifted))
CLI_GETTER(get_not_applicable, struct cow_volume_counts, cli_number(item->not_applicable))
CLI_GETTER(get_unknown, struct cow_volume_counts, cli_number(item->unknown))
CLI_GETTER(get_problems, struct cow_volume_counts, cli_number(item->problems))

const struct cli_column cli_count_columns[] = {
	{"VOLUMES", "in the pool", "volumes", 0, 0, get_volumes},
	{"OK", "of them as the policy wants them", "ok", 0, 0, get_ok},
	{"DRIFTED", "not so", "drifted", 0, 0, get_drifted},
	{"NOT-APPLICABLE", "where it does not matter", "not_applicable", 0, 0, get_not_applicable},
	{"UNKNOWN", "of which it is not known", "unknown", 0, 0, get_unknown},
	{"PROBLEMS", "that can not be looked into", "problems", 0, 0, get_problems},
	{0},
};

int cli_pool_count(struct cli_call *call, struct cow_pool_store *store, const struct cow_pool *pool,
		   struct cow_volume_counts *ret, struct cow_error *err)
{
	struct cow_volume_list *list CLI_CLEANUP(volume_list) = NULL;
	struct cow_volume *volume;
	int r = cow_volume_list_new(
		store, pool, cli_flag(call, "no-index", COW_VOLUME_LIST_NO_INDEX), &list, err);

	if (r < 0)
		return r;
	while ((r = cow_volume_list_next(list, &volume, err)) > 0)
		cow_volume_free(volume);
	cow_volume_list_get_counts(list, ret);
	return r;
}

void cli_pool_json_counts(json_t *pool, const struct cow_volume_counts *counts)
{
	json_t *summary = pool && counts ? json_object() : NULL;

	if (summary)
		cli_json_columns(summary, cli_count_columns, counts);
	if (pool)
		json_object_set_new(pool, "summary", summary ? summary : json_null());
}
