/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "audit.h"
#include "pool.h"

struct run {
	struct cli_call *call;
	struct cow_audit *audit;
	struct cli_table *table;
	json_t *errors;
	FILE *notes; /* what is said below the table, or NULL */
};

CLI_DEFINE_CLEANUP(audit, struct cow_audit *, cow_audit_free)
CLI_DEFINE_CLEANUP(item, struct cow_audit_item *, cow_audit_item_free)

/* --- one item --- */

static void add_finding(struct run *run, const struct cow_finding *finding, json_t *findings)
{
	if (run->notes)
		fprintf(run->notes, "  %s: %s: %s\n", cow_severity_name(finding->severity),
			finding->rule, finding->message);
	if (run->notes && finding->remedy)
		fprintf(run->notes, "    %s\n", finding->remedy);
	if (findings) {
		json_t *object = json_object();

		cli_json_value(object, "rule", cli_text(finding->rule));
		cli_json_value(object, "severity", cli_text(cow_severity_name(finding->severity)));
		cli_json_value(object, "message", cli_text(finding->message));
		cli_json_value(object, "remedy", cli_text(finding->remedy));
		json_array_append_new(findings, object);
	}
	if (finding->severity == COW_SEVERITY_ERROR)
		cli_status(run->call, CLI_EXIT_FINDINGS);
}

static void add_findings(struct run *run, const struct cow_audit_item *item, json_t *object)
{
	json_t *findings = object ? json_array() : NULL;

	if (run->notes && (item->findings || item->compliance == COW_COMPLIANCE_UNKNOWN))
		fprintf(run->notes, "\n%s:\n", CLI_QUOTE(item->path));
	if (run->notes && item->compliance == COW_COMPLIANCE_UNKNOWN)
		fprintf(run->notes, "  unknown: %s\n", item->reason);
	for (const struct cow_finding *finding = item->findings; finding; finding = finding->next)
		add_finding(run, finding, findings);
	if (object)
		json_object_set_new(object, "findings", findings);
}

/* What the image is backed by: rows below it, or an array that begins with the image itself. */
static void add_chain(struct run *run, const struct cow_audit_item *item, const struct cli_row *row)
{
	struct cli_row parent = *row;
	json_t *steps = row->object ? json_array() : NULL;

	for (const struct cow_chain *step = item->chain; step; step = step->next) {
		if (steps) {
			json_t *object = json_object();

			cli_json_path(object, "path", step->path);
			cli_json_value(object, "format", cli_audit_format(step->format));
			json_object_set_new(object, "problem", cli_json_text(step->problem));
			json_array_append_new(steps, object);
		} else if (step != item->chain) {
			parent = cli_table_add(run->table, &parent, &(struct audited){item, step});
		}
	}
	if (steps)
		json_object_set_new(row->object, "chain", steps);
}

static void add_error(struct run *run, const struct cow_audit_item *item)
{
	struct cow_error error = item->error;

	/* Nothing is wrong with the call: the file is what it is. */
	if (error.code == COW_CODE_USAGE)
		error.code = COW_CODE_UNKNOWN;
	cli_error(run->call, &error);
	cli_status(run->call, CLI_EXIT_FAILED);
	if (run->errors) {
		json_t *object = json_object(), *what = cli_json_error(&error);

		cli_json_path(object, "path", item->path);
		json_object_update(object, what);
		json_decref(what);
		json_array_append_new(run->errors, object);
	}
}

static void add_item(struct run *run, const struct cow_audit_item *item)
{
	struct cli_row row;

	if (item->error.message[0]) {
		add_error(run, item);
		return;
	}
	row = cli_table_add(run->table, NULL, &(struct audited){item, NULL});
	add_findings(run, item, row.object);
	add_chain(run, item, &row);
	if (item->compliance == COW_COMPLIANCE_UNKNOWN)
		cli_status(run->call, CLI_EXIT_FAILED);
}

/* --- the run --- */

static void add_summary(struct run *run)
{
	struct cow_audit_summary summary;
	json_t *object;

	cow_audit_get_summary(run->audit, &summary);
	if (run->notes)
		fprintf(run->notes,
			"\n%ju images: %ju ok, %ju drifted, %ju unknown; %ju unreadable\n",
			(uintmax_t)summary.images, (uintmax_t)summary.ok,
			(uintmax_t)summary.drifted, (uintmax_t)summary.unknown,
			(uintmax_t)summary.errors);
	if (!run->call->json)
		return;
	object = json_object();
	cli_json_value(object, "images", cli_number(summary.images));
	cli_json_value(object, "ok", cli_number(summary.ok));
	cli_json_value(object, "drifted", cli_number(summary.drifted));
	cli_json_value(object, "unknown", cli_number(summary.unknown));
	cli_json_value(object, "errors", cli_number(summary.errors));
	json_object_set_new(run->call->json, "errors", run->errors);
	json_object_set_new(run->call->json, "summary", object);
}

/* Everything the audit comes to, into the table. */
static void look(struct run *run)
{
	struct cow_error err = {0};
	int r = 1;

	while (r == 1) {
		struct cow_audit_item *item CLI_CLEANUP(item) = NULL;

		r = cow_audit_next(run->audit, &item, &err);
		if (r == 1)
			add_item(run, item);
	}
	if (r < 0) {
		cli_error(run->call, &err);
		cli_status(run->call, CLI_EXIT_FAILED);
	}
}

/* --- operands --- */

static enum cow_policy wanted(const struct run *run, enum cow_policy otherwise)
{
	const char *cow = cli_value(run->call, "cow");

	return cow ? cow_policy_from_name(cow) : otherwise;
}

static void add(struct run *run, const char *path, enum cow_policy policy, const char *pool)
{
	struct cow_error err;

	if (cow_audit_add(run->audit, path, wanted(run, policy), pool, &err) < 0)
		cli_error(run->call, &err);
}

/* Let all pools' policies count in what is audited. The first to name a directory wins. */
static void set_policies(struct run *run, struct cow_pool *const *pools)
{
	struct cow_error err;

	for (; *pools; pools++)
		if (cow_pool_check_mounted(*pools, NULL) == 0 &&
		    cow_audit_set_policy(run->audit, (*pools)->path, wanted(run, (*pools)->policy),
					 (*pools)->name, &err) < 0)
			cli_error(run->call, &err);
}

/* What lies below a mount point has nothing to do with the pool. One that has no files is passed
 * over unless it was named. */
static void add_pool(struct run *run, struct cow_pool *pool)
{
	struct cow_error err;

	if (cow_pool_check_mounted(pool, &err) == 0)
		add(run, pool->path, pool->policy, pool->name);
	else if (run->call->n_operands || err.code != COW_CODE_UNSUPPORTED)
		cli_error(run->call, &err);
}

static void add_operand(struct run *run, struct cow_pool_store *store, const char *operand)
{
	struct cow_pool *pool CLI_CLEANUP(pool) = NULL;
	struct cow_error err;

	if (cli_is_path(operand))
		add(run, operand, COW_POLICY_AUTO, NULL);
	else if (!store)
		cli_error(run->call, &(struct cow_error){.code = COW_CODE_NOT_FOUND,
							 .message = "there are no pools here"});
	else if (cow_pool_lookup(store, operand, &pool, &err) < 0)
		cli_error(run->call, &err);
	else {
		set_policies(run, (struct cow_pool *[]){pool, NULL});
		add_pool(run, pool);
	}
}

/* Everything named, or all pools. @return 0, or the status to end with. */
static int add_operands(struct run *run)
{
	struct cow_pool_store *store CLI_CLEANUP(store) = NULL;
	struct cow_pool **pools CLI_CLEANUP(pools) = NULL;
	struct cli_call *call = run->call;
	struct cow_error err;
	int r = cow_pool_store_new(cli_scope(call), &store, &err);

	/* Without a home there are no pools of the session. */
	if (r < 0 && r != -ENOENT)
		return cli_error(call, &err);
	if (store)
		cli_pool_list(call, store, &pools);
	if (!call->n_operands && (!pools || !*pools))
		return call->status ? call->status
				    : cli_usage(call, "no pool is defined: name a path");
	for (int i = 0; i < call->n_operands; i++)
		add_operand(run, store, call->operands[i]);
	for (size_t i = 0; !call->n_operands && pools[i]; i++)
		add_pool(run, pools[i]);
	if (pools)
		set_policies(run, pools);
	return 0;
}

static int report(struct run *run)
{
	struct cli_call *call = run->call;
	char *notes CLI_CLEANUP(text) = NULL;
	size_t notes_size;

	run->table = cli_table_new(call, "images");
	/* Who chose the columns wants these and nothing else. */
	if (!call->json && !cli_given(call, "output") && !cli_given(call, "noheadings"))
		run->notes = open_memstream(&notes, &notes_size);
	if (call->json)
		run->errors = json_array();
	look(run);
	cli_table_end(run->table);
	add_summary(run);
	if (run->notes) {
		fclose(run->notes);
		fputs(notes, call->out);
	}
	return call->status;
}

static int run_audit(struct cli_call *call)
{
	struct cow_audit *audit CLI_CLEANUP(audit) = NULL;
	struct run run = {.call = call};
	struct cow_error err;
	unsigned flags = cli_flag(call, "cow", COW_AUDIT_OVERRULE) |
			 cli_flag(call, "cross-device", COW_AUDIT_CROSS_DEVICE) |
			 cli_flag(call, "all-files", COW_AUDIT_ALL_FILES);

	if (cow_audit_new(flags, &audit, &err) < 0)
		return cli_error(call, &err);
	run.audit = audit;
	if (add_operands(&run))
		return call->status;
	return report(&run);
}

static const struct cli_option options[] = {
	{"cow", 0, NULL, "off|on|auto", "hold against this policy, not that of the pool", 0, false},
	{"cross-device", 'x', NULL, NULL, "go on into filesystems mounted below", 0, false},
	{"all-files", 'a', NULL, NULL, "every regular file, not only images", 0, false},
	{NULL},
};

const struct cli_verb cli_verb_audit = {
	.name = "audit",
	.operands = "[PATH|POOL...]",
	.operands_max = -1,
	.complete = CLI_COMPLETE_FILE | CLI_COMPLETE_POOL,
	.summary = "find images and hold them against their policy",
	.with = CLI_WITH_TABLE | CLI_WITH_BYTES | CLI_WITH_SCOPE,
	.options = options,
	.columns = cli_audit_columns,
	.run = run_audit,
};
