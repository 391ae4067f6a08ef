/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cowctl pool build, delete: the directory of a pool. */
#include <string.h>

#include "pool.h"
#include "verbs.h"

static void build_json(json_t *json, const struct cow_pool_build_result *result)
{
	json_t *object = json_object();

	json_object_set_new(json, "build", object);
	cli_json_value(object, "created", cli_bool(result->created));
	cli_json_value(object, "subvolume", cli_bool(result->subvolume));
	cli_json_value(object, "formatted", cli_bool(result->formatted));
	cli_json_value(object, "action", cli_text(cow_action_name(result->action)));
	cli_json_value(object, "effective", cli_text(cow_policy_name(result->effective)));
	cli_json_value(object, "reason", cli_text(result->reason));
	cli_json_value(object, "warning", cli_text(*result->warning ? result->warning : NULL));
	cli_json_value(object, "unreached", cli_number(result->unreached));
	cli_json_value(object, "unread", cli_number(result->unread));
}

static void build_text(FILE *out, const struct cow_pool *pool, bool plan,
		       const struct cow_pool_build_result *result)
{
	const char *did = plan ? "would use" : "uses";
	bool decided = pool->policy == COW_POLICY_AUTO && result->effective != COW_POLICY_UNKNOWN;

	if (result->created)
		did = plan ? "would make" : "made";
	fprintf(out, "pool %s: %s %s %s\n", CLI_QUOTE(pool->name), did,
		result->subvolume ? "subvolume" : "directory", CLI_QUOTE(pool->path));
	if (result->formatted)
		fprintf(out, "%s filesystem %s on %s\n", plan ? "would make" : "made",
			pool->mount_type, CLI_QUOTE(pool->mount_source));
	fprintf(out, "cow=%s%s%s: %s\n", cow_policy_name(pool->policy), decided ? " came to " : "",
		decided ? cow_policy_name(result->effective) : "", result->reason);
}

CLI_DEFINE_CLEANUP(audit, struct cow_audit *, cow_audit_free)
CLI_DEFINE_CLEANUP(item, struct cow_audit_item *, cow_audit_item_free)
CLI_DEFINE_CLEANUP(points, struct cow_pool_point **, cow_pool_points_free)

/* In text; JSON has them all. */
#define NAMES_MAX 20

static void name_file(struct cli_call *call, json_t *files, const char *path, size_t n)
{
	json_t *object;

	if (n < NAMES_MAX)
		fprintf(call->out, "  left as it is: %s\n", CLI_QUOTE(path));
	if (!files)
		return;
	object = json_object();
	cli_json_path(object, "path", path);
	json_array_append_new(files, object);
}

/* What is no part of the pool was not counted, and is given to none, so that it isn't named: other
 * pools in it, what is mounted there, what is read-only. */
static int leave_out(struct cow_audit *audit, struct cow_pool_store *store,
		     const struct cow_pool *pool, struct cow_error *err)
{
	const unsigned flags = COW_POOL_APPLY_CHECK | COW_POOL_APPLY_DIRECTORIES;
	struct cow_pool_point **points CLI_CLEANUP(points) = NULL;
	int r = cow_pool_apply(store, pool, flags, &points, err);

	for (struct cow_pool_point **point = points; r == 0 && *point; point++)
		if ((*point)->before == COW_COMPLIANCE_NOT_APPLICABLE)
			r = cow_audit_set_policy(audit, (*point)->path, COW_POLICY_AUTO, NULL, err);
	return r;
}

/* Which files the policy can't reach, as far as they can be read. */
static int name_files(struct cli_call *call, struct cow_pool_store *store,
		      const struct cow_pool *pool, enum cow_policy effective)
{
	struct cow_audit *audit CLI_CLEANUP(audit) = NULL;
	json_t *files = NULL;
	struct cow_error err = {0};
	size_t n = 0;
	int r;

	if (call->json) {
		files = json_array();
		json_object_set_new(json_object_get(call->json, "build"), "files", files);
	}
	r = cow_audit_new(COW_AUDIT_ALL_FILES | COW_AUDIT_CROSS_DEVICE, &audit, &err);
	if (r == 0)
		r = cow_audit_add(audit, pool->path, effective, pool->name, &err);
	if (r == 0)
		r = leave_out(audit, store, pool, &err);
	while (r >= 0) {
		struct cow_audit_item *item CLI_CLEANUP(item) = NULL;

		r = cow_audit_next(audit, &item, &err);
		if (r <= 0)
			break;
		if (!*item->error.message && item->compliance == COW_COMPLIANCE_DRIFTED &&
		    item->pool && !strcmp(item->pool, pool->name))
			name_file(call, files, item->path, n++);
	}
	if (r < 0)
		return cli_error(call, &err);
	if (n > NAMES_MAX)
		fprintf(call->out, "  and %zu more\n", n - NAMES_MAX);
	return CLI_EXIT_CLEAN;
}

static int report_rest(struct cli_call *call, struct cow_pool_store *store,
		       const struct cow_pool *pool, const struct cow_pool_build_result *result)
{
	if (*result->warning)
		cli_warn(call, "%s", result->warning);
	if (result->unreached) {
		name_files(call, store, pool, result->effective);
		cli_warn(call,
			 "%llu existing files and directories in %s stay as they are "
			 "(cowctl convert --recursive %s changes them)",
			 (unsigned long long)result->unreached, CLI_QUOTE(pool->path),
			 CLI_QUOTE(pool->name));
		cli_status(call, CLI_EXIT_FINDINGS);
	}
	if (result->unread) {
		cli_warn(call, "%llu existing files and directories in %s could not be looked at",
			 (unsigned long long)result->unread, CLI_QUOTE(pool->path));
		cli_status(call, CLI_EXIT_FAILED);
	}
	return call->status;
}

static int build(struct cli_call *call)
{
	struct cow_pool_store *store CLI_CLEANUP(store) = NULL;
	struct cow_pool *pool CLI_CLEANUP(pool) = NULL;
	struct cow_pool_build_result result = {0};
	struct cow_error err = {0};
	unsigned flags = cli_flag(call, "subvolume", COW_POOL_BUILD_SUBVOLUME) |
			 cli_flag(call, "overwrite", COW_POOL_BUILD_OVERWRITE) |
			 cli_flag(call, "no-overwrite", COW_POOL_BUILD_NO_OVERWRITE) |
			 cli_flag(call, "dry-run", COW_POOL_BUILD_DRY_RUN);
	int status = cli_pool_open(call, &store, &pool);

	if (status)
		return status;
	if (cow_pool_build(store, pool, flags, &result, &err) < 0)
		return cli_error(call, &err);
	build_text(call->out, pool, flags & COW_POOL_BUILD_DRY_RUN, &result);
	cli_pool_json(call, store, pool);
	if (call->json)
		build_json(call->json, &result);
	return report_rest(call, store, pool, &result);
}

static const struct cli_option build_options[] = {
	{"subvolume", 0, NULL, NULL, "make it a Btrfs subvolume: snapshots of the parent skip it",
	 0, false},
	{"overwrite", 0, NULL, NULL, "type fs: make a filesystem, whatever is on the device", 0,
	 false},
	{"no-overwrite", 0, NULL, NULL, "type fs: make a filesystem if the device is empty", 0,
	 false},
	{"dry-run", 0, NULL, NULL, "check everything, say what would be done, do nothing", 0,
	 false},
	{0},
};

const struct cli_verb cli_verb_pool_build = {
	.name = "pool build",
	CLI_POOL_OPERAND,
	.summary = "make the directory of a pool or take what is there, apply the policy",
	.with = CLI_WITH_JSON | CLI_WITH_SCOPE,
	.options = build_options,
	.run = build,
};

static int delete (struct cli_call *call)
{
	struct cow_pool_store *store CLI_CLEANUP(store) = NULL;
	struct cow_pool *pool CLI_CLEANUP(pool) = NULL;
	struct cow_error err = {0};
	int status = cli_pool_open(call, &store, &pool);

	if (status)
		return status;
	if (cow_pool_delete(store, pool, &err) < 0)
		return cli_error(call, &err);
	fprintf(call->out, "removed directory %s of pool %s; its definition stays\n",
		CLI_QUOTE(pool->path), CLI_QUOTE(pool->name));
	cli_pool_json(call, store, pool);
	return CLI_EXIT_CLEAN;
}

const struct cli_verb cli_verb_pool_delete = {
	.name = "pool delete",
	CLI_POOL_OPERAND,
	.summary = "remove the directory of a pool, which must be empty",
	.with = CLI_WITH_JSON | CLI_WITH_SCOPE,
	.run = delete,
};
