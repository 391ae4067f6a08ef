/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cowctl pool start, stop, autostart. */
#include <errno.h>
#include <string.h>

#include "pool.h"
#include "verbs.h"

static bool is_to_build(const struct cli_call *call)
{
	return cli_given(call, "build") || cli_given(call, "overwrite") ||
	       cli_given(call, "no-overwrite");
}

static int report_started(struct cli_call *call, struct cow_pool_store *store,
			  struct cow_pool *pool)
{
	fprintf(call->out, "started pool %s, compliance %s\n", CLI_QUOTE(pool->name),
		cow_compliance_name(pool->compliance));
	cli_pool_json(call, store, pool);
	return cli_pool_judge_started(call, pool);
}

static int start_one(struct cli_call *call, struct cow_pool_store *store, struct cow_pool *pool)
{
	struct cow_pool_build_result built = {0};
	struct cow_error err = {0};
	unsigned flags = cli_flag(call, "overwrite", COW_POOL_BUILD_OVERWRITE) |
			 cli_flag(call, "no-overwrite", COW_POOL_BUILD_NO_OVERWRITE);

	if ((is_to_build(call) && cow_pool_build(store, pool, flags, &built, &err) < 0) ||
	    cow_pool_start(store, pool, &err) < 0)
		return cli_error(call, &err);
	return report_started(call, store, pool);
}

/* A mark that it is started outlives a soft reboot, and what is mounted does not. */
static bool is_to_start(struct cow_pool_store *store, const struct cow_pool *pool)
{
	return cow_pool_is_started(store, pool) == COW_ANSWER_NO ||
	       (pool->mount_source && cow_pool_check_mounted(pool, NULL) == -EINVAL);
}

/* What lies in the directory of another pool comes after it, which may have it mounted: be it by a
 * symlink, after all that mount something. */
static int by_path(const void *a, const void *b)
{
	const struct cow_pool *one = *(struct cow_pool *const *)a;
	const struct cow_pool *two = *(struct cow_pool *const *)b;
	int order = !one->mount_source - !two->mount_source;

	return order ? order : strcmp(one->path, two->path);
}

/* Move those that are marked to the front, in the order in which they are started.
 * @return how many. */
static size_t sort_marked(struct cow_pool **pools)
{
	size_t count = 0;

	for (size_t i = 0; pools[i]; i++) {
		struct cow_pool *pool = pools[i];

		if (pool->source != COW_POOL_SOURCE_COWCTL || !pool->autostart)
			continue;
		pools[i] = pools[count];
		pools[count++] = pool;
	}
	qsort(pools, count, sizeof(struct cow_pool *), by_path);
	return count;
}

/* What has to wait for a server, which may be gone, or lies where nobody answers. */
static bool takes_long(const struct cow_pool *pool)
{
	return !strcmp(pool->type, "netfs") || !cow_pool_answers(pool);
}

static bool is_below(const struct cow_pool *pool, const struct cow_pool *above)
{
	size_t length = strlen(above->path);

	return !strncmp(pool->path, above->path, length) && pool->path[length] == '/';
}

/* When those are started that are not at first: what can't be may need another one, by a symlink or
 * for the file that it is in. */
enum turn { FIRST, LATE, AGAIN };

static bool start_if_it_can_be(struct cli_call *call, struct cow_pool_store *store,
			       struct cow_pool *pool)
{
	if (cow_pool_start(store, pool, NULL) < 0)
		return false;
	cli_status(call, report_started(call, store, pool));
	return true;
}

static void start_first(struct cli_call *call, struct cow_pool_store *store,
			struct cow_pool **marked, size_t count, enum turn *turns)
{
	for (size_t i = 0; i < count; i++) {
		/* What is below them comes with them. */
		for (size_t j = 0; j < i; j++)
			if (turns[j] > turns[i] && is_below(marked[i], marked[j]))
				turns[i] = turns[j];
		if (turns[i] != FIRST || !is_to_start(store, marked[i]))
			continue;
		if (takes_long(marked[i]))
			turns[i] = LATE;
		else if (!start_if_it_can_be(call, store, marked[i]))
			turns[i] = AGAIN;
	}
}

static void start_in_turn(struct cli_call *call, struct cow_pool_store *store,
			  struct cow_pool **marked, size_t count, const enum turn *turns,
			  enum turn turn)
{
	for (size_t i = 0; i < count; i++)
		if (turns[i] == turn && is_to_start(store, marked[i]))
			cli_status(call, start_one(call, store, marked[i]));
}

/* As long as anything can be mounted, which another one may have waited for; each of them once, for
 * what is soon unmounted again would be started for ever. */
static void start_again(struct cli_call *call, struct cow_pool_store *store,
			struct cow_pool **marked, size_t count, enum turn *turns)
{
	bool any;

	do {
		any = false;
		for (size_t i = 0; i < count; i++)
			if (turns[i] == AGAIN && marked[i]->mount_source &&
			    is_to_start(store, marked[i]) &&
			    start_if_it_can_be(call, store, marked[i])) {
				turns[i] = FIRST;
				any = true;
			}
	} while (any);
}

/* What is marked for it and not started yet. One that can't be started or read stops no other. */
static int start_marked(struct cli_call *call)
{
	struct cow_pool_store *store CLI_CLEANUP(store) = NULL;
	struct cow_pool **pools CLI_CLEANUP(pools) = NULL;
	enum turn *turns;
	struct cow_error err = {0};
	size_t broken = 0, count;

	if (cow_pool_store_new(cli_scope(call), &store, &err) < 0 ||
	    cow_pool_list(store, &pools, &broken, &err) < 0)
		return cli_error(call, &err);
	if (broken)
		cli_error(call, &err);
	count = sort_marked(pools);
	turns = cli_allocate((count + 1) * sizeof(*turns));
	start_first(call, store, pools, count, turns);
	start_again(call, store, pools, count, turns);
	/* Any of these may wait for ever. */
	start_in_turn(call, store, pools, count, turns, LATE);
	start_again(call, store, pools, count, turns);
	start_in_turn(call, store, pools, count, turns, AGAIN);
	free(turns);
	return call->status;
}

static int start(struct cli_call *call)
{
	bool marked = cli_given(call, "autostart");

	if (marked && is_to_build(call))
		return cli_usage(call, "--autostart builds nothing");
	if (marked == (call->n_operands > 0))
		return cli_usage(call, marked ? "--autostart names the pools itself"
					      : "an operand is missing: POOL...");
	return marked ? start_marked(call) : cli_pool_each(call, start_one);
}

static const struct cli_option start_options[] = {
	{"build", 0, NULL, NULL, "make the directory first, as pool build does", 0, false},
	{"overwrite", 0, NULL, NULL, "and a filesystem on its device, whatever is there", 0, false},
	{"no-overwrite", 0, NULL, NULL, "and a filesystem on its device, if that is empty", 0,
	 false},
	{"autostart", 0, NULL, NULL, "all pools that pool autostart marked, as at boot", 0, false},
	{0},
};

const struct cli_verb cli_verb_pool_start = {
	.name = "pool start",
	CLI_POOLS_OPERAND,
	.operands_min = 0,
	.summary = "mount what there is to mount, and mark a pool started",
	.with = CLI_WITH_JSON | CLI_WITH_SCOPE,
	.options = start_options,
	.run = start,
};

static int stop(struct cli_call *call)
{
	struct cow_pool_store *store CLI_CLEANUP(store) = NULL;
	struct cow_pool *pool CLI_CLEANUP(pool) = NULL, *stored CLI_CLEANUP(pool) = NULL;
	struct cow_error err = {0};
	int status = cli_pool_open(call, &store, &pool);

	if (status)
		return status;
	if (cow_pool_stop(store, pool, &err) < 0)
		return cli_error(call, &err);
	fprintf(call->out, "stopped pool %s\n", CLI_QUOTE(pool->name));
	/* Another definition may have waited for that. */
	if (pool->pending == COW_ANSWER_YES)
		cow_pool_lookup(store, pool->uuid, &stored, NULL);
	cli_pool_json(call, store, stored ? stored : pool);
	return CLI_EXIT_CLEAN;
}

const struct cli_verb cli_verb_pool_stop = {
	.name = "pool stop",
	CLI_POOL_OPERAND,
	.summary = "unmount what was mounted, and mark a pool stopped",
	.with = CLI_WITH_JSON | CLI_WITH_SCOPE,
	.run = stop,
};

/* Which is not said to run: that is for the administrator to see to. */
static const char *starter(const struct cli_call *call)
{
	if (cli_scope(call) == COW_POOL_SCOPE_SESSION)
		return "cowctl pool start --session --autostart";
	return "cowctl-pools.service, if that is enabled (systemctl enable cowctl-pools.service)";
}

static int autostart(struct cli_call *call)
{
	struct cow_pool_store *store CLI_CLEANUP(store) = NULL;
	struct cow_pool *pool CLI_CLEANUP(pool) = NULL;
	struct cow_error err = {0};
	bool on = !cli_given(call, "disable");
	int status = cli_pool_open(call, &store, &pool);

	if (status)
		return status;
	if (cow_pool_set_autostart(store, pool, on, &err) < 0)
		return cli_error(call, &err);
	fprintf(call->out, "pool %s is %s to be started at boot\n", CLI_QUOTE(pool->name),
		on ? "marked" : "not marked");
	if (on)
		fprintf(call->out, "what is marked is started by %s\n", starter(call));
	cli_pool_json(call, store, pool);
	return CLI_EXIT_CLEAN;
}

static const struct cli_option autostart_options[] = {
	{"disable", 0, NULL, NULL, "take the mark away again", 0, false},
	{0},
};

const struct cli_verb cli_verb_pool_autostart = {
	.name = "pool autostart",
	CLI_POOL_OPERAND,
	.summary = "mark a pool to be started at boot",
	.with = CLI_WITH_JSON | CLI_WITH_SCOPE,
	.options = autostart_options,
	.run = autostart,
};
