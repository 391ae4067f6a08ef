/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cowctl pool define, create, both also from options, and undefine. */
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

/* Keep the definition, or start the pool without keeping it. */
static int store_pool(struct cli_call *call, const struct cow_pool *pool)
{
	struct cow_pool_store *store CLI_CLEANUP(store) = NULL;
	struct cow_pool *stored CLI_CLEANUP(pool) = NULL;
	struct cow_error err = {0};

	if (cow_pool_store_new(cli_scope(call), &store, &err) < 0 ||
	    cow_pool_define(store, pool, &err) < 0 ||
	    cow_pool_lookup(store, pool->uuid, &stored, &err) < 0)
		return cli_error(call, &err);
	fprintf(call->out, "defined pool %s, policy %s\n", CLI_QUOTE(pool->name),
		cow_policy_name(pool->policy));
	cli_pool_tell_pending(call, stored);
	cli_pool_json(call, store, stored);
	return CLI_EXIT_CLEAN;
}

static int create_pool(struct cli_call *call, const struct cow_pool *pool)
{
	struct cow_pool_store *store CLI_CLEANUP(store) = NULL;
	struct cow_pool *created CLI_CLEANUP(pool) = NULL;
	struct cow_error err = {0};
	unsigned flags = cli_flag(call, "build", COW_POOL_CREATE_BUILD) |
			 cli_flag(call, "overwrite", COW_POOL_CREATE_OVERWRITE) |
			 cli_flag(call, "no-overwrite", COW_POOL_CREATE_NO_OVERWRITE);

	if (cow_pool_store_new(cli_scope(call), &store, &err) < 0 ||
	    cow_pool_create(store, pool, flags, &err) < 0 ||
	    cow_pool_lookup(store, pool->uuid, &created, &err) < 0 ||
	    cow_pool_refresh(store, created, &err) < 0)
		return cli_error(call, &err);
	fprintf(call->out, "created pool %s, policy %s, compliance %s\n", CLI_QUOTE(pool->name),
		cow_policy_name(pool->policy), cow_compliance_name(created->compliance));
	cli_pool_json(call, store, created);
	return cli_pool_judge_started(call, created);
}

typedef int pool_use(struct cli_call *call, const struct cow_pool *pool);

static int with_file(struct cli_call *call, pool_use *use)
{
	struct cow_pool *pool CLI_CLEANUP(pool) = NULL;
	char *xml CLI_CLEANUP(text) = NULL;
	struct cow_error err = {0};
	size_t size = 0;

	xml = cli_read_definition(call->operands[0], &size);
	if (!xml)
		return cli_error_system(call, errno, "read %s", CLI_QUOTE(call->operands[0]));
	if ((cli_given(call, "validate") && cow_pool_validate_xml(xml, size, &err) < 0) ||
	    cow_pool_new_xml(xml, size, &pool, &err) < 0)
		return cli_error(call, &err);
	return use(call, pool);
}

static int define(struct cli_call *call)
{
	return with_file(call, store_pool);
}

static int create(struct cli_call *call)
{
	return with_file(call, create_pool);
}

#define FILE_OPERAND                                                                               \
	.operands = "FILE|-", .operands_min = 1, .operands_max = 1, .complete = CLI_COMPLETE_FILE

static const struct cli_option define_options[] = {CLI_VALIDATE_OPTION, {0}};

const struct cli_verb cli_verb_pool_define = {
	.name = "pool define",
	FILE_OPERAND,
	.summary = "keep the definition of a pool, which is storage-pool XML of libvirt",
	.with = CLI_WITH_JSON | CLI_WITH_SCOPE,
	.options = define_options,
	.run = define,
};

/* clang-format off */
#define BUILD_OPTIONS                                                                              \
	{"build", 0, NULL, NULL, "make the directory first, as pool build does", 0, false},        \
	{"overwrite", 0, NULL, NULL, "and a filesystem, whatever is on its device", 0,        \
	 false},                                                                                   \
	{"no-overwrite", 0, NULL, NULL, "and a filesystem, if its device is empty", 0,          \
	 false}
/* clang-format on */

static const struct cli_option create_options[] = {BUILD_OPTIONS, CLI_VALIDATE_OPTION, {0}};

const struct cli_verb cli_verb_pool_create = {
	.name = "pool create",
	FILE_OPERAND,
	.summary = "start a pool that is gone when it is stopped",
	.with = CLI_WITH_JSON | CLI_WITH_SCOPE,
	.options = create_options,
	.run = create,
};

/* Below the working directory when it is relative. NULL: errno. */
static char *absolute(const char *path)
{
	char *here CLI_CLEANUP(text) = NULL;

	if (path[0] == '/')
		return cli_copy(path);
	here = getcwd(NULL, 0);
	return here ? cli_format("%s/%s", here, path) : NULL;
}

static int with_options(struct cli_call *call, pool_use *use)
{
	const char *target = cli_value(call, "target"), *policy = cli_value(call, "cow");
	struct cow_pool_parts parts = {
		.name = call->operands[0],
		.policy = cow_policy_from_name(policy ? policy : "auto"),
		.type = cli_value(call, "type"),
		.source_device = cli_value(call, "source-dev"),
		.source_host = cli_value(call, "source-host"),
		.source_directory = cli_value(call, "source-path"),
		.source_format = cli_value(call, "source-format"),
		.source_version = cli_value(call, "source-protocol-ver"),
	};
	struct cow_pool *pool CLI_CLEANUP(pool) = NULL;
	char *path CLI_CLEANUP(text) = NULL;
	struct cow_error err = {0};

	if (!target || !*target)
		return cli_usage(call, "option '--target' is needed");
	path = absolute(target);
	if (!path)
		return cli_error_system(call, errno, "find the working directory");
	parts.path = path;
	if (cow_pool_new(&parts, &pool, &err) < 0)
		return cli_error(call, &err);
	return use(call, pool);
}

static int define_as(struct cli_call *call)
{
	return with_options(call, store_pool);
}

static int create_as(struct cli_call *call)
{
	return with_options(call, create_pool);
}

/* clang-format off */
#define DEFINITION_OPTIONS                                                                         \
	{"target", 't', "DIR", NULL, "directory of the pool", CLI_COMPLETE_DIRECTORY, false},      \
	{"cow", 0, NULL, "off|on|auto", "policy: no CoW, keep CoW, or decide (default)",  \
	 0, false},                                                                                \
	{"type", 0, NULL, "dir|fs|netfs", "a directory (default), what is mounted on it", 0,       \
	 false},                                                                                   \
	{"source-dev", 0, "DEVICE", NULL, "type fs: what is mounted", CLI_COMPLETE_FILE, false},   \
	{"source-host", 0, "HOST", NULL, "type netfs: whose directory is mounted", 0, false},      \
	{"source-path", 0, "DIR", NULL, "type netfs: its directory there", 0, false},              \
	{"source-format", 0, "TYPE", NULL, "filesystem that is mounted; auto: found out", 0,       \
	 false},                                                                                   \
	{"source-protocol-ver", 0, "VER", NULL, "type netfs: of its protocol, such as 4.1", 0, \
	 false}
/* clang-format on */

static const struct cli_option define_as_options[] = {DEFINITION_OPTIONS, {0}};
static const struct cli_option create_as_options[] = {DEFINITION_OPTIONS, BUILD_OPTIONS, {0}};

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

const struct cli_verb cli_verb_pool_create_as = {
	.name = "pool create-as",
	.operands = "NAME",
	.operands_min = 1,
	.operands_max = 1,
	.summary = "the same, made from options",
	.with = CLI_WITH_JSON | CLI_WITH_SCOPE,
	.options = create_as_options,
	.run = create_as,
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
