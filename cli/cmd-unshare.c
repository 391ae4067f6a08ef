/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cowctl unshare: images that are copied once, in place again. */
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "verbs.h"

/* One image with what came of it: a row of the table. */
struct unshared {
	const char *path;
	const struct cow_unshare_result *result;
};

/* Pieces are counted only where there is something to do. */
static struct cli_value pieces(uint64_t count)
{
	return count ? cli_number(count) : cli_text(NULL);
}

static struct cli_value text(const char *text)
{
	return cli_text(*text ? text : NULL);
}

CLI_GETTER(get_path, struct unshared, cli_path(item->path))
CLI_GETTER(get_result, struct unshared, cli_text(cow_unshare_outcome_name(item->result->outcome)))
CLI_GETTER(get_reason, struct unshared, text(item->result->reason))
CLI_GETTER(get_remedy, struct unshared, text(item->result->remedy))
CLI_GETTER(get_bytes, struct unshared, cli_bytes(item->result->bytes))
CLI_GETTER(get_shared, struct unshared, cli_bytes(item->result->bytes_shared))
CLI_GETTER(get_rewritten, struct unshared, cli_bytes(item->result->bytes_rewritten))
CLI_GETTER(get_history, struct unshared, cli_answer(item->result->history_known))
CLI_GETTER(get_runs_before, struct unshared, pieces(item->result->runs_before))
CLI_GETTER(get_runs_after, struct unshared, pieces(item->result->runs_after))
CLI_GETTER(get_rows_before, struct unshared, pieces(item->result->rows_before))
CLI_GETTER(get_rows_after, struct unshared, pieces(item->result->rows_after))
CLI_GETTER(get_seconds, struct unshared, cli_real(item->result->seconds))

static const struct cli_column columns[] = {
	{"PATH", "the image", "path", 0, 0, get_path},
	{"RESULT", "unshared, already, planned, refused or failed", "result", 0, 0, get_result},
	{"BYTES", "the price: to be written once more", "bytes", 0, CLI_COLUMN_RIGHT, get_bytes},
	{"SHARED", "of these, what takes new space for good", "bytes_shared", 0, CLI_COLUMN_RIGHT,
	 get_shared},
	{"REWRITTEN", "bytes written once more", "bytes_rewritten", 0, CLI_COLUMN_RIGHT,
	 get_rewritten},
	{"RUNS-BEFORE", "physically discontiguous runs before", "runs_before", 0, CLI_COLUMN_RIGHT,
	 get_runs_before},
	{"RUNS-AFTER", "the same after", "runs_after", 0, CLI_COLUMN_RIGHT, get_runs_after},
	{"ROWS-BEFORE", "extent rows before", "rows_before", 0,
	 CLI_COLUMN_RIGHT | CLI_COLUMN_HIDDEN, get_rows_before},
	{"ROWS-AFTER", "the same after", "rows_after", 0, CLI_COLUMN_RIGHT | CLI_COLUMN_HIDDEN,
	 get_rows_after},
	{"SECONDS", "time taken", "seconds", 0, CLI_COLUMN_RIGHT, get_seconds},
	{"HISTORY", "is known what is older than a snapshot", "history_known", 0, CLI_COLUMN_HIDDEN,
	 get_history},
	{"REASON", "why", "reason", 0, CLI_COLUMN_HIDDEN, get_reason},
	{"REMEDY", "what would help", "remedy", 0, CLI_COLUMN_HIDDEN, get_remedy},
	{NULL, NULL, NULL, 0, 0, NULL},
};

static const struct cli_option options[] = {
	{"dry-run", 0, NULL, NULL, "show the price, change nothing", 0, false},
	{0},
};

/* What a run of the verb carries along. */
struct job {
	struct cli_call *call;
	struct cli_table *table;
	struct cow_unshare_options options;
	const char *subject; /* path now worked on */
};

static int on_progress(uint64_t done, uint64_t total, void *data)
{
	const struct job *job = data;

	cli_progress(job->call, job->subject, "rewriting", done, total);
	return cli_interrupted();
}

static void unshare_at(struct job *job, int dirfd, const char *name,
		       struct cow_unshare_result *result)
{
	struct cow_error err = {0};

	/* The library knows the name alone, and there may be many of it. */
	if (cow_unshare_at(dirfd, name, &job->options, result, &err) < 0) {
		cli_error_about(job->call, name == job->subject ? NULL : job->subject, &err);
	} else if (result->history_known == COW_ANSWER_NO) {
		cli_progress_clear(job->call);
		cli_warn(job->call, "%s: only root can know what is older than a snapshot",
			 CLI_QUOTE(job->subject));
		cli_status(job->call, CLI_EXIT_FAILED);
	}
}

static void unshare_one(struct job *job, const char *path)
{
	struct cow_unshare_result result = {.outcome = COW_UNSHARE_REFUSED,
					    .reason = "its directory can't be opened"};
	struct unshared row = {path, &result};
	const char *name = NULL;
	int dirfd = cli_open_parent(job->call, path, &name, NULL);

	job->subject = path;
	if (dirfd >= 0) {
		unshare_at(job, dirfd, name, &result);
		close(dirfd);
	}
	cli_progress_clear(job->call);
	cli_table_add(job->table, NULL, &row);
}

static int run(struct cli_call *call)
{
	struct job job = {
		.call = call,
		.options = {.flags = cli_flag(call, "dry-run", COW_UNSHARE_DRY_RUN),
			    .progress = on_progress},
	};

	job.options.progress_data = &job;
	job.table = cli_table_new(call, "images");
	cli_interrupt_catch();
	for (int i = 0; i < call->n_operands && !cli_interrupted(); i++)
		unshare_one(&job, call->operands[i]);
	cli_table_end(job.table);
	return cli_interrupted() ? cli_status(call, CLI_EXIT_FAILED) : call->status;
}

const struct cli_verb cli_verb_unshare = {
	.name = "unshare",
	.operands = "IMAGE...",
	.operands_min = 1,
	.operands_max = -1,
	.complete = CLI_COMPLETE_FILE,
	.summary = "images whose overwrites are copied once: in place again",
	.with = CLI_WITH_TABLE | CLI_WITH_BYTES | CLI_WITH_PROGRESS,
	.options = options,
	.columns = columns,
	.run = run,
};
