/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cowctl pool apply, refresh: make the directories of pools follow their policy again. */
#include <string.h>

#include "pool.h"
#include "verbs.h"

CLI_DEFINE_CLEANUP(points, struct cow_pool_point **, cow_pool_points_free)

/* One line: a directory, and the pool it is in. */
struct row {
	const struct cow_pool *pool;
	const struct cow_pool_point *point;
};

static const char *kind(const struct cow_pool_point *point)
{
	if (point->mounted)
		return "mount";
	if (point->of_other)
		return "pool";
	return point->subvolume ? "subvolume" : "directory";
}

static const char *why(const struct cow_pool_point *point)
{
	return *point->error.message ? point->error.message : point->reason;
}

CLI_GETTER(get_path, struct row, cli_path(item->point->path))
CLI_GETTER(get_pool, struct row, cli_path(item->pool->name))
CLI_GETTER(get_kind, struct row, cli_text(kind(item->point)))
CLI_GETTER(get_before, struct row, cli_text(cow_compliance_name(item->point->before)))
CLI_GETTER(get_after, struct row, cli_text(cow_compliance_name(item->point->after)))
CLI_GETTER(get_action, struct row, cli_text(cow_action_name(item->point->action)))
CLI_GETTER(get_files, struct row, cli_number(item->point->unreached))
CLI_GETTER(get_unread, struct row, cli_number(item->point->unread))
CLI_GETTER(get_reason, struct row, cli_text(why(item->point)))

static const struct cli_column columns[] = {
	{"PATH", "a directory of the pool", "path", 0, 0, get_path},
	{"POOL", "the pool", "pool", 0, CLI_COLUMN_HIDDEN, get_pool},
	{"KIND", "directory, subvolume, mount or pool", "kind", 0, 0, get_kind},
	{"BEFORE", "how it stood against the policy", "before", 0, 0, get_before},
	{"AFTER", "how it stands now", "after", 0, 0, get_after},
	{"ACTION", "what was done, or with --check would be", "action", 0, 0, get_action},
	{"FILES", "files in it that keep another flag", "unreached", 0, CLI_COLUMN_RIGHT,
	 get_files},
	{"UNREAD", "files in it that could not be looked at", "unread", 0,
	 CLI_COLUMN_RIGHT | CLI_COLUMN_HIDDEN, get_unread},
	{"REASON", "why", "reason", 0, CLI_COLUMN_HIDDEN | CLI_COLUMN_WRAP, get_reason},
	{0},
};

static void judge_point(struct cli_call *call, const struct cow_pool_point *point)
{
	if (*point->error.message)
		cli_error(call, &point->error);
	if (*point->warning)
		cli_warn(call, "%s: %s", CLI_QUOTE(point->path), point->warning);
	if (point->after == COW_COMPLIANCE_DRIFTED || point->unreached)
		cli_status(call, CLI_EXIT_FINDINGS);
	/* Where auto doesn't come to any policy nothing was asked for. */
	if (point->unread ||
	    (point->after == COW_COMPLIANCE_UNKNOWN && point->effective != COW_POLICY_UNKNOWN))
		cli_status(call, CLI_EXIT_FAILED);
}

static void say_rest(struct cli_call *call, const struct cow_pool *pool,
		     struct cow_pool_point *const *points)
{
	unsigned long long files = 0, unread = 0;

	for (; *points; points++) {
		files += (*points)->unreached;
		unread += (*points)->unread;
	}
	if (files)
		cli_warn(call,
			 "%llu existing files in %s stay as they are "
			 "(cowctl convert --recursive %s changes them)",
			 files, CLI_QUOTE(pool->path), CLI_QUOTE(pool->name));
	if (unread)
		cli_warn(call, "%llu existing files in %s could not be looked at", unread,
			 CLI_QUOTE(pool->path));
}

/* Of one pool, into the table of all. */
static void apply_one(struct cli_call *call, struct cow_pool_store *store, struct cow_pool *pool,
		      struct cli_table *table)
{
	struct cow_pool_point **points CLI_CLEANUP(points) = NULL;
	struct cow_error err = {0};
	unsigned flags = cli_flag(call, "check", COW_POOL_APPLY_CHECK);

	if (cow_pool_apply(store, pool, flags, &points, &err) < 0) {
		cli_error(call, &err);
		return;
	}
	for (struct cow_pool_point **point = points; *point; point++) {
		struct row row = {pool, *point};

		cli_table_add(table, NULL, &row);
		judge_point(call, *point);
	}
	say_rest(call, pool, points);
	cli_pool_json(call, store, pool);
}

static int apply(struct cli_call *call)
{
	struct cow_pool_store *store CLI_CLEANUP(store) = NULL;
	struct cli_table *table;
	struct cow_error err = {0};

	if (cow_pool_store_new(cli_scope(call), &store, &err) < 0)
		return cli_error(call, &err);
	table = cli_table_new(call, "points");
	for (char **name = call->operands; *name; name++) {
		struct cow_pool *pool CLI_CLEANUP(pool) = NULL;

		if (cow_pool_lookup(store, *name, &pool, &err) < 0)
			cli_error(call, &err);
		else
			apply_one(call, store, pool, table);
	}
	cli_table_end(table);
	return call->status;
}

static const struct cli_option apply_options[] = {
	{"check", 0, NULL, NULL, "change nothing, tell what would be", 0, false},
	{0},
};

const struct cli_verb cli_verb_pool_apply = {
	.name = "pool apply",
	CLI_POOLS_OPERAND,
	.operands_min = 1,
	.summary = "make all directories in a pool follow its policy",
	.with = CLI_WITH_TABLE | CLI_WITH_SCOPE,
	.options = apply_options,
	.columns = columns,
	.run = apply,
};

/* The end of the line that says how a pool's own directory stands, after it was mended. */
static void say_mended(struct cli_call *call, const struct cow_pool *pool,
		       const struct cow_pool_point *point)
{
	fprintf(call->out, ", compliance %s", cow_compliance_name(pool->compliance));
	if (point->before != point->after)
		fprintf(call->out, ": had %s, %s", cow_compliance_name(point->before),
			cow_action_name(point->action));
	fputc('\n', call->out);
	judge_point(call, point);
}

/* What can't be looked into or has drifted is counted here, and named by others. */
static void judge_counts(struct cli_call *call, const struct cow_pool *pool,
			 const struct cli_pool_counts *all)
{
	const struct cow_volume_counts *counts = &all->volumes;

	if (all->unread) {
		cli_warn(call, "%ju directories in %s could not be looked into",
			 (uintmax_t)all->unread, CLI_QUOTE(pool->path));
		cli_status(call, CLI_EXIT_FAILED);
	}
	if (all->directories) {
		cli_warn(call, "%ju directories in %s have drifted (cowctl pool apply)",
			 (uintmax_t)all->directories, CLI_QUOTE(pool->path));
		cli_status(call, CLI_EXIT_FINDINGS);
	}
	if (counts->problems) {
		cli_warn(call, "%ju volumes of pool %s have a problem (cowctl vol list)",
			 (uintmax_t)counts->problems, CLI_QUOTE(pool->name));
		cli_status(call, CLI_EXIT_FAILED);
	}
	if (counts->unknown && !counts->problems) {
		cli_warn(call,
			 "of %ju volumes of pool %s it is unknown how they stand (cowctl vol list)",
			 (uintmax_t)counts->unknown, CLI_QUOTE(pool->name));
		cli_status(call, CLI_EXIT_FAILED);
	}
	if (counts->drifted) {
		cli_warn(call,
			 "%ju volumes of pool %s have drifted from their policy (cowctl vol list)",
			 (uintmax_t)counts->drifted, CLI_QUOTE(pool->name));
		cli_status(call, CLI_EXIT_FINDINGS);
	}
}

static int refresh_one(struct cli_call *call, struct cow_pool_store *store, struct cow_pool *pool)
{
	struct cow_pool_point **points CLI_CLEANUP(points) = NULL;
	struct cli_pool_counts counts = {0};
	struct cow_error err = {0};
	json_t *object;

	if (cow_pool_mend(store, pool, &points, &err) < 0 ||
	    cli_pool_count(call, store, pool, &counts, &err) < 0)
		return cli_error(call, &err);
	fprintf(call->out, "refreshed pool %s, %ju volumes", CLI_QUOTE(pool->name),
		(uintmax_t)counts.volumes.volumes);
	say_mended(call, pool, points[0]);
	object = cli_pool_json(call, store, pool);
	cli_pool_json_counts(object, &counts);
	judge_counts(call, pool, &counts);
	return cli_pool_judge(call, pool);
}

static int refresh(struct cli_call *call)
{
	return cli_pool_each(call, refresh_one);
}

static const struct cli_option refresh_options[] = {CLI_INDEX_OPTION, {0}};

const struct cli_verb cli_verb_pool_refresh = {
	.name = "pool refresh",
	CLI_POOLS_OPERAND,
	.operands_min = 1,
	.summary = "look at a started pool again, and mend its directory",
	.with = CLI_WITH_JSON | CLI_WITH_SCOPE,
	.options = refresh_options,
	.run = refresh,
};

/* One of ours may be called like libvirt's, or have its uuid: of the two it is libvirt's. */
static struct cow_pool *find_theirs(struct cow_pool **pools, struct cow_pool *found,
				    const char *name)
{
	for (; *pools; pools++)
		if ((*pools)->source == COW_POOL_SOURCE_LIBVIRT &&
		    (!strcmp((*pools)->uuid, found->uuid) || !strcmp((*pools)->name, name)))
			return *pools;
	return found;
}

/* What is in its directory already keeps what it has. */
static void say_unreached(struct cli_call *call, struct cow_pool_store *store,
			  const struct cow_pool *pool)
{
	struct cow_pool_point **points CLI_CLEANUP(points) = NULL;
	struct cow_error err = {0};
	size_t drifted = 0;

	if (cow_pool_apply(store, pool, COW_POOL_APPLY_CHECK, &points, &err) < 0) {
		cli_error(call, &err);
		return;
	}
	for (struct cow_pool_point **point = points; *point; point++) {
		judge_point(call, *point);
		drifted += point != points && (*point)->before == COW_COMPLIANCE_DRIFTED;
	}
	if (drifted)
		cli_warn(call, "%zu directories in %s stay as they are", drifted,
			 CLI_QUOTE(pool->path));
	say_rest(call, pool, points);
}

static int adopt(struct cli_call *call)
{
	struct cow_pool_store *store CLI_CLEANUP(store) = NULL;
	struct cow_pool *found CLI_CLEANUP(pool) = NULL, *pool;
	struct cow_pool **pools CLI_CLEANUP(pools) = NULL;
	struct cow_pool_point **points CLI_CLEANUP(points) = NULL;
	const char *policy = cli_value(call, "cow");
	struct cow_error err = {0};
	size_t broken;
	int status = cli_pool_open(call, &store, &found);

	if (status)
		return status;
	if (cow_pool_list(store, &pools, &broken, &err) < 0)
		return cli_error(call, &err);
	pool = find_theirs(pools, found, call->operands[0]);
	/* What it has been given is not taken from it unasked: without <cow> it is auto. */
	if (cow_pool_adopt(store, pool, policy ? cow_policy_from_name(policy) : pool->policy,
			   cli_value(call, "connect"), &points, &err) < 0)
		return cli_error(call, &err);
	fprintf(call->out, "adopted pool %s", CLI_QUOTE(pool->name));
	say_mended(call, pool, points[0]);
	cli_pool_json(call, store, pool);
	say_unreached(call, store, pool);
	cli_status(call, cli_pool_judge(call, pool));
	return call->status;
}

static const struct cli_option adopt_options[] = {
	{"cow", 0, NULL, "off|on|auto", "the policy (as it is, or what auto comes to there)", 0,
	 false},
	{"connect", 0, "URI", NULL, "the libvirt to ask", 0, false},
	{0},
};

const struct cli_verb cli_verb_pool_adopt = {
	.name = "pool adopt",
	CLI_POOL_OPERAND,
	.summary = "give one of the pools of libvirt a policy",
	.with = CLI_WITH_JSON | CLI_WITH_SCOPE,
	.options = adopt_options,
	.run = adopt,
};
