/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cowctl pool list, info, dumpxml, name, uuid: looking at pools. */
#include <string.h>

#include "pool.h"
#include "verbs.h"

static bool is_active(struct cow_pool_store *store, const struct cow_pool *pool)
{
	return cow_pool_is_started(store, pool) == COW_ANSWER_YES;
}

static bool is_persistent(struct cow_pool_store *store, const struct cow_pool *pool)
{
	(void)store;
	return pool->persistent;
}

static bool is_autostarted(struct cow_pool_store *store, const struct cow_pool *pool)
{
	(void)store;
	return pool->autostart;
}

/* Opposites: without either, and with both, all are shown. */
static const struct {
	const char *yes, *no;
	bool (*is)(struct cow_pool_store *store, const struct cow_pool *pool);
} filters[] = {
	{"active", "inactive", is_active},
	{"persistent", "transient", is_persistent},
	{"autostart", "no-autostart", is_autostarted},
};

/* Is the word one of "one,other"? */
static bool is_among(const char *word, const char *list)
{
	size_t length = strlen(word);

	for (; list; list = strchr(list, ',')) {
		list += *list == ',';
		if (strcspn(list, ",") == length && !strncmp(list, word, length))
			return true;
	}
	return false;
}

/* All of libvirt's, as "dir,fs,..."; free it. */
static char *all_types(void)
{
	char *types = cli_copy(cow_pool_type_name(0));

	for (size_t i = 1; cow_pool_type_name(i); i++) {
		char *before CLI_CLEANUP(text) = types;

		types = cli_format("%s,%s", before, cow_pool_type_name(i));
	}
	return types;
}

/* A word that is none of them is a slip. */
static bool are_types(const char *list, const char *types)
{
	for (const char *word = list; word; word = strchr(word, ',')) {
		char *one CLI_CLEANUP(text) = NULL;

		word += word != list;
		one = cli_format("%.*s", (int)strcspn(word, ","), word);
		if (!is_among(one, types))
			return false;
	}
	return true;
}

static bool is_wanted(const struct cli_call *call, struct cow_pool_store *store,
		      const struct cow_pool *pool)
{
	const char *type = cli_value(call, "type");

	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		bool yes = cli_given(call, filters[i].yes), no = cli_given(call, filters[i].no);

		if (yes != no && yes != filters[i].is(store, pool))
			return false;
	}
	return !type || is_among(pool->type, type);
}

static void keep_wanted(const struct cli_call *call, struct cow_pool_store *store,
			struct cow_pool **pools)
{
	struct cow_pool **kept = pools;

	for (; *pools; pools++)
		if (is_wanted(call, store, *pools))
			*kept++ = *pools;
		else
			cow_pool_free(*pools);
	*kept = NULL;
}

/* Columns by a short name, as virsh has them. */
static const struct {
	const char *option, *columns;
	bool headings;
} shapes[] = {
	{"name", "NAME", false},
	{"uuid", "UUID", false},
	{"details", "NAME,STATE,AUTOSTART,PERSISTENT,CAPACITY,ALLOCATION,AVAILABLE", true},
};

static int list(struct cli_call *call)
{
	struct cow_pool_store *store CLI_CLEANUP(store) = NULL;
	struct cow_error err = {0};
	struct cow_pool **pools CLI_CLEANUP(pools) = NULL;
	struct cli_table *table;
	const char *type = cli_value(call, "type");
	char *types CLI_CLEANUP(text) = all_types();
	size_t broken = 0;

	if (type && !are_types(type, types))
		return cli_usage(call, "--type %s: the types are %s", CLI_QUOTE(type), types);
	if (cow_pool_store_new(cli_scope(call), &store, &err) < 0 ||
	    cow_pool_list(store, &pools, &broken, &err) < 0)
		return cli_error(call, &err);
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		if (cli_given(call, shapes[i].option)) {
			cli_default(call, "output", shapes[i].columns);
			if (!shapes[i].headings)
				cli_default(call, "noheadings", "");
		}
	table = cli_table_new(call, "pools");
	keep_wanted(call, store, pools);
	if (cli_table_looks(table) && cow_pool_refresh_all(store, pools, &err) < 0)
		return cli_error(call, &err);
	for (size_t i = 0; pools[i]; i++)
		cli_table_add(table, NULL, pools[i]);
	cli_table_end(table);
	if (broken) {
		cli_error(call, &err);
		if (broken > 1)
			cli_warn(call, "%zu pool definitions could not be read", broken);
		return CLI_EXIT_FAILED;
	}
	return CLI_EXIT_CLEAN;
}

static const struct cli_option list_options[] = {
	{"all", 0, NULL, NULL, "all pools, which is the default", 0, false},
	{"active", 0, NULL, NULL, "only those that are started", 0, false},
	{"inactive", 0, NULL, NULL, "only those that are not", 0, false},
	{"persistent", 0, NULL, NULL, "only those that are defined", 0, false},
	{"transient", 0, NULL, NULL, "only those that are not", 0, false},
	{"autostart", 0, NULL, NULL, "only those marked to be started at boot", 0, false},
	{"no-autostart", 0, NULL, NULL, "only those that are not", 0, false},
	{"type", 0, "TYPE,...", NULL, "only those of these types", 0, false},
	{"name", 0, NULL, NULL, "names alone", 0, false},
	{"uuid", 0, NULL, NULL, "uuids alone", 0, false},
	{"details", 0, NULL, NULL, "the columns virsh has for this", 0, false},
	{0},
};

const struct cli_verb cli_verb_pool_list = {
	.name = "pool list",
	.operands = "",
	.summary = "list pools, those of libvirt included",
	.with = CLI_WITH_TABLE | CLI_WITH_BYTES | CLI_WITH_SCOPE,
	.options = list_options,
	.columns = cli_pool_columns,
	.run = list,
};

/* Of one that is not started, or can't be listed, nothing is known: its state says so. */
static void show_counts(struct cli_call *call, struct cow_pool_store *store, struct cow_pool *pool)
{
	bool active = pool->state == COW_POOL_STATE_ACTIVE;
	json_t *object = cli_pool_json(call, store, pool);
	struct cli_pool_counts counts = {0};

	if (!active || cli_pool_count(call, store, pool, &counts, NULL) < 0) {
		cli_pool_json_counts(object, NULL);
		return;
	}
	cli_show(call, cli_count_columns, &counts);
	cli_pool_json_counts(object, &counts);
}

static int info(struct cli_call *call)
{
	struct cow_pool_store *store CLI_CLEANUP(store) = NULL;
	struct cow_pool *pool CLI_CLEANUP(pool) = NULL;
	int status = cli_pool_open(call, &store, &pool);

	if (status)
		return status;
	cow_pool_refresh(store, pool, NULL);
	cli_show(call, cli_pool_columns, pool);
	show_counts(call, store, pool);
	return CLI_EXIT_CLEAN;
}

static const struct cli_option info_options[] = {CLI_INDEX_OPTION, {0}};

const struct cli_verb cli_verb_pool_info = {
	.name = "pool info",
	CLI_POOL_OPERAND,
	.summary = "show one pool, and how its directory stands against its policy",
	.with = CLI_WITH_JSON | CLI_WITH_BYTES | CLI_WITH_SCOPE,
	.options = info_options,
	.run = info,
};

static int dumpxml(struct cli_call *call)
{
	struct cow_pool_store *store CLI_CLEANUP(store) = NULL;
	struct cow_pool *pool CLI_CLEANUP(pool) = NULL;
	char *xml CLI_CLEANUP(text) = NULL;
	struct cow_error err = {0};
	bool stored = cli_given(call, "inactive");

	if (cow_pool_store_new(cli_scope(call), &store, &err) < 0 ||
	    (stored ? cow_pool_lookup_stored : cow_pool_lookup)(store, call->operands[0], &pool,
								&err) < 0 ||
	    (!stored && cow_pool_refresh(store, pool, &err) < 0) ||
	    cow_pool_dump_xml(pool, &xml, &err) < 0)
		return cli_error(call, &err);
	fputs(xml, call->out);
	return CLI_EXIT_CLEAN;
}

static const struct cli_option dumpxml_options[] = {
	{"inactive", 0, NULL, NULL, "as it is stored, not as it was started", 0, false},
	{0},
};

const struct cli_verb cli_verb_pool_dumpxml = {
	.name = "pool dumpxml",
	CLI_POOL_OPERAND,
	.summary = "write a definition as XML that virsh pool-define takes",
	.with = CLI_WITH_SCOPE,
	.options = dumpxml_options,
	.run = dumpxml,
};

/* One value of a pool alone, for scripts. */
static int print(struct cli_call *call, const char *(*get)(const struct cow_pool *pool))
{
	struct cow_pool_store *store CLI_CLEANUP(store) = NULL;
	struct cow_pool *pool CLI_CLEANUP(pool) = NULL;
	char *text CLI_CLEANUP(text) = NULL;
	int status = cli_pool_open(call, &store, &pool);

	if (status)
		return status;
	text = cli_escape(get(pool));
	fprintf(call->out, "%s\n", text);
	cli_pool_json(call, store, pool);
	return CLI_EXIT_CLEAN;
}

static const char *name_of(const struct cow_pool *pool)
{
	return pool->name;
}

static const char *uuid_of(const struct cow_pool *pool)
{
	return pool->uuid;
}

static int name(struct cli_call *call)
{
	return print(call, name_of);
}

static int uuid(struct cli_call *call)
{
	return print(call, uuid_of);
}

const struct cli_verb cli_verb_pool_name = {
	.name = "pool name",
	CLI_POOL_OPERAND,
	.summary = "write the name of a pool, for its uuid",
	.with = CLI_WITH_JSON | CLI_WITH_SCOPE,
	.run = name,
};

const struct cli_verb cli_verb_pool_uuid = {
	.name = "pool uuid",
	CLI_POOL_OPERAND,
	.summary = "write the uuid of a pool, for its name",
	.with = CLI_WITH_JSON | CLI_WITH_SCOPE,
	.run = uuid,
};
