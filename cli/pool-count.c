/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many volumes there are in a pool, and how they and the directories in it stand. */
#include "vol.h"

CLI_DEFINE_CLEANUP(points, struct cow_pool_point **, cow_pool_points_free)

CLI_GETTER(get_volumes, struct cli_pool_counts, cli_number(item->volumes.volumes))
CLI_GETTER(get_ok, struct cli_pool_counts, cli_number(item->volumes.ok))
CLI_GETTER(get_drifted, struct cli_pool_counts, cli_number(item->volumes.drifted))
CLI_GETTER(get_not_applicable, struct cli_pool_counts, cli_number(item->volumes.not_applicable))
CLI_GETTER(get_unknown, struct cli_pool_counts, cli_number(item->volumes.unknown))
CLI_GETTER(get_problems, struct cli_pool_counts, cli_number(item->volumes.problems))
CLI_GETTER(get_directories, struct cli_pool_counts, cli_number(item->directories))
CLI_GETTER(get_unread, struct cli_pool_counts, cli_number(item->unread))

const struct cli_column cli_count_columns[] = {
	{"VOLUMES", "in the pool", "volumes", 0, 0, get_volumes},
	{"OK", "of them as the policy wants them", "ok", 0, 0, get_ok},
	{"DRIFTED", "not so", "drifted", 0, 0, get_drifted},
	{"NOT-APPLICABLE", "where it does not matter", "not_applicable", 0, 0, get_not_applicable},
	{"UNKNOWN", "of which it is not known", "unknown", 0, 0, get_unknown},
	{"PROBLEMS", "that can not be looked into", "problems", 0, 0, get_problems},
	{"DRIFTED-DIRECTORIES", "below its own, at any depth", "drifted_directories", 0, 0,
	 get_directories},
	{"UNREAD-DIRECTORIES", "that can not be looked into", "unread_directories", 0, 0,
	 get_unread},
	{0},
};

/* Each hands its own flags to what is created in it. Where none are needed none are looked at. */
static int count_directories(struct cow_pool_store *store, const struct cow_pool *pool,
			     struct cli_pool_counts *ret, struct cow_error *err)
{
	const unsigned flags = COW_POOL_APPLY_CHECK | COW_POOL_APPLY_DIRECTORIES;
	struct cow_pool_point **points CLI_CLEANUP(points) = NULL;
	int r;

	if (pool->compliance == COW_COMPLIANCE_NOT_APPLICABLE)
		return 0;
	r = cow_pool_apply(store, pool, flags, &points, err);
	for (struct cow_pool_point **point = points; r == 0 && *point; point++) {
		if (point == points)
			continue;
		if ((*point)->before == COW_COMPLIANCE_DRIFTED)
			ret->directories++;
		else if (*(*point)->error.message)
			ret->unread++;
	}
	return r;
}

int cli_pool_count(struct cli_call *call, struct cow_pool_store *store, const struct cow_pool *pool,
		   struct cli_pool_counts *ret, struct cow_error *err)
{
	struct cow_volume_list *list CLI_CLEANUP(volume_list) = NULL;
	struct cow_volume *volume;
	bool flat = true; /* all are files: to look for directories again would take its time */
	int r = cow_volume_list_new(
		store, pool, cli_flag(call, "no-index", COW_VOLUME_LIST_NO_INDEX), &list, err);

	if (r < 0)
		return r;
	while ((r = cow_volume_list_next(list, &volume, err)) > 0) {
		flat = flat && volume->type == COW_VOLUME_TYPE_FILE;
		cow_volume_free(volume);
	}
	cow_volume_list_get_counts(list, &ret->volumes);
	return r < 0 || flat ? r : count_directories(store, pool, ret, err);
}

void cli_pool_json_counts(json_t *pool, const struct cli_pool_counts *counts)
{
	json_t *summary = pool && counts ? json_object() : NULL;

	if (summary)
		cli_json_columns(summary, cli_count_columns, counts);
	if (pool)
		json_object_set_new(pool, "summary", summary ? summary : json_null());
}
