/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cowctl pool define, define-as, undefine: the definitions alone, no directory is touched. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "pool.h"
#include "verbs.h"

/* One byte more than a definition may have, so that the library can say it is too long. */
#define XML_MAX ((1u << 20) + 1)

char *cli_read_definition(const char *name, size_t *ret_size)
{
	FILE *file = strcmp(name, "-") ? fopen(name, "re") : stdin;
	char *xml;
	int errnum;

	if (!file)
		return NULL;
	xml = cli_allocate(XML_MAX);
	errno = 0;
	*ret_size = fread(xml, 1, XML_MAX, file);
	errnum = ferror(file) ? errno : 0;
	if (file != stdin)
		fclose(file);
	if (errnum) {
		free(xml);
		errno = errnum;
		return NULL;
	}
	return xml;
}

static int store_pool(struct cli_call *call, struct cow_pool *pool)
{
	struct cow_pool_store *store CLI_CLEANUP(store) = NULL;
	struct cow_pool *stored CLI_CLEANUP(pool) = NULL;
	struct cow_error err = {0};

	if (cow_pool_store_new(cli_scope(call), &store, &err) < 0 ||
	    cow_pool_define(store, pool, &err) < 0 ||
	    cow_pool_lookup(store, pool->name, &stored, &err) < 0)
		return cli_error(call, &err);
	fprintf(call->out, "defined pool %s, policy %s\n", CLI_QUOTE(pool->name),
		cow_policy_name(pool->policy));
	cli_pool_json(call, store, stored);
	return CLI_EXIT_CLEAN;
}

static int define(struct cli_call *call)
{
	struct cow_pool *pool CLI_CLEANUP(pool) = NULL;
	char *xml CLI_CLEANUP(text) = NULL;
	struct cow_error err = {0};
	size_t size = 0;

	xml = cli_read_definition(call->operands[0], &size);
	if (!xml)
		return cli_error_system(call, errno, "read %s", CLI_QUOTE(call->operands[0]));
	if (cow_pool_new_xml(xml, size, &pool, &err) < 0)
		return cli_error(call, &err);
	return store_pool(call, pool);
}

const struct cli_verb cli_verb_pool_define = {
	.name = "pool define",
	.operands = "FILE|-",
	.operands_min = 1,
	.operands_max = 1,
	.complete = CLI_COMPLETE_FILE,
	.summary = "keep the definition of a pool, which is storage-pool XML of libvirt",
	.with = CLI_WITH_JSON | CLI_WITH_SCOPE,
	.run = define,
};

/* Below the working directory when it is relative. NULL: errno. */
static char *absolute(const char *path)
{
	char *here CLI_CLEANUP(text) = NULL;

	if (path[0] == '/')
		return cli_format("%s", path);
	here = getcwd(NULL, 0);
	return here ? cli_format("%s/%s", here, path) : NULL;
}

static int define_as(struct cli_call *call)
{
	const char *target = cli_value(call, "target"), *policy = cli_value(call, "cow");
	struct cow_pool *pool CLI_CLEANUP(pool) = NULL;
	char *path CLI_CLEANUP(text) = NULL;
	struct cow_error err = {0};

	if (!target)
		return cli_usage(call, "option '--target' is needed");
	path = absolute(target);
	if (!path)
		return cli_error_system(call, errno, "find the working directory");
	if (cow_pool_new(call->operands[0], path, cow_policy_from_name(policy ? policy : "auto"),
			 &pool, &err) < 0)
		return cli_error(call, &err);
	return store_pool(call, pool);
}

static const struct cli_option define_as_options[] = {
	{"target", 't', "DIR", NULL, "directory of the pool", CLI_COMPLETE_DIRECTORY, false},
	{"cow", 0, NULL, "off|on|auto", "policy: overwrite in place, keep CoW, decide (default)", 0,
	 false},
	{0},
};

const struct cli_verb cli_verb_pool_define_as = {
	.name = "pool define-as",
	.operands = "NAME",
	.operands_min = 1,
	.operands_max = 1,
	.summary = "keep the definition of a pool, made from options",
	.with = CLI_WITH_JSON | CLI_WITH_SCOPE,
	.options = define_as_options,
	.run = define_as,
};

static int undefine(struct cli_call *call)
{
	struct cow_pool_store *store CLI_CLEANUP(store) = NULL;
	struct cow_error err = {0};

	if (cow_pool_store_new(cli_scope(call), &store, &err) < 0 ||
	    cow_pool_undefine(store, call->operands[0], &err) < 0)
		return cli_error(call, &err);
	fprintf(call->out, "undefined pool %s; its directory stays\n",
		CLI_QUOTE(call->operands[0]));
	return CLI_EXIT_CLEAN;
}

const struct cli_verb cli_verb_pool_undefine = {
	.name = "pool undefine",
	CLI_POOL_OPERAND,
	.summary = "forget the definition of a pool; its directory and images stay",
	.with = CLI_WITH_JSON | CLI_WITH_SCOPE,
	.run = undefine,
};
