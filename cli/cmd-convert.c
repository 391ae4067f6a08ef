/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cowctl convert: existing images to CoW off or on. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "verbs.h"

/* One image with what came of it: a row of the table. */
struct converted {
	const char *path;
	const char *original; /* path of the kept one, or NULL */
	enum cow_policy to;
	const struct cow_convert_result *result;
};

static struct cli_value get_path(const void *item)
{
	return cli_path(((const struct converted *)item)->path);
}

/* The state before, in the words of the policy. */
static struct cli_value get_from(const void *item)
{
	switch (((const struct converted *)item)->result->from_nocow) {
	case COW_ANSWER_YES:
		return cli_text(cow_policy_name(COW_POLICY_OFF));
	case COW_ANSWER_NO:
		return cli_text(cow_policy_name(COW_POLICY_ON));
	default:
		return cli_unknown();
	}
}

static struct cli_value get_to(const void *item)
{
	return cli_text(cow_policy_name(((const struct converted *)item)->to));
}

static struct cli_value get_mode(const void *item)
{
	(void)item;
	return cli_text("offline");
}

static struct cli_value get_result(const void *item)
{
	return cli_text(
		cow_convert_outcome_name(((const struct converted *)item)->result->outcome));
}

static struct cli_value get_reason(const void *item)
{
	const struct cow_convert_result *result = ((const struct converted *)item)->result;
	const char *text = result->reason[0] ? result->reason : result->note;

	return cli_text(text[0] ? text : NULL);
}

static struct cli_value get_copied(const void *item)
{
	return cli_bytes(((const struct converted *)item)->result->bytes_copied);
}

static struct cli_value get_holes(const void *item)
{
	return cli_bytes(((const struct converted *)item)->result->bytes_holes);
}

static struct cli_value get_verified(const void *item)
{
	return cli_bool(((const struct converted *)item)->result->verified);
}

static struct cli_value get_seconds(const void *item)
{
	return cli_real(((const struct converted *)item)->result->seconds);
}

static struct cli_value get_original(const void *item)
{
	return cli_path(((const struct converted *)item)->original);
}

/* Pieces are counted only where there is something to compare. */
static struct cli_value pieces(const void *item, uint64_t before, uint64_t after, bool want_after)
{
	enum cow_convert_outcome outcome = ((const struct converted *)item)->result->outcome;

	if (!before || (want_after && outcome != COW_CONVERT_CONVERTED))
		return cli_text(NULL);
	return cli_number(want_after ? after : before);
}

#define DEFINE_PIECES(name, field, is_after)                                                       \
	static struct cli_value name(const void *item)                                             \
	{                                                                                          \
		const struct cow_convert_result *result =                                          \
			((const struct converted *)item)->result;                                  \
		return pieces(item, result->field##_before, result->field##_after, is_after);      \
	}
DEFINE_PIECES(get_runs_before, runs, false)
DEFINE_PIECES(get_runs_after, runs, true)
DEFINE_PIECES(get_rows_before, rows, false)
DEFINE_PIECES(get_rows_after, rows, true)

static const struct cli_column columns[] = {
	{"RESULT", "converted, already, planned, refused or failed", "result", 0, 0, get_result},
	{"FROM", "copy-on-write before", "from", 0, 0, get_from},
	{"TO", "copy-on-write asked for", "to", 0, 0, get_to},
	{"COPIED", "bytes copied", "bytes_copied", 0, CLI_COLUMN_RIGHT, get_copied},
	{"HOLES", "bytes left as holes", "bytes_holes", 0, CLI_COLUMN_RIGHT, get_holes},
	{"RUNS-BEFORE", "physically discontiguous runs before", "runs_before", 0, CLI_COLUMN_RIGHT,
	 get_runs_before},
	{"RUNS-AFTER", "the same after", "runs_after", 0, CLI_COLUMN_RIGHT, get_runs_after},
	{"ROWS-BEFORE", "extent rows before", "rows_before", 0,
	 CLI_COLUMN_RIGHT | CLI_COLUMN_HIDDEN, get_rows_before},
	{"ROWS-AFTER", "the same after", "rows_after", 0, CLI_COLUMN_RIGHT | CLI_COLUMN_HIDDEN,
	 get_rows_after},
	{"VERIFIED", "read back from disk and compared", "verified", 0, 0, get_verified},
	{"SECONDS", "time taken", "seconds", 0, CLI_COLUMN_RIGHT, get_seconds},
	{"MODE", "offline: nobody had it open", "mode", 0, CLI_COLUMN_HIDDEN, get_mode},
	{"ORIGINAL", "where the old image was kept", "original", 0, CLI_COLUMN_HIDDEN,
	 get_original},
	{"PATH", "the image", "path", 0, 0, get_path},
	{"REASON", "why, or what was dropped", "reason", 0, CLI_COLUMN_HIDDEN, get_reason},
	{NULL, NULL, NULL, 0, 0, NULL},
};

static const struct cli_option options[] = {
	{"cow", 0, NULL, "off|on", "what to convert to (off if not given)", 0, false},
	{"preallocate", 0, NULL, NULL, "allocate the whole size, for hot images", 0, false},
	{"keep-original", 'k', NULL, NULL, "keep the old image as IMAGE.orig", 0, false},
	{"no-verify", 0, NULL, NULL, "do not read the copy back from disk", 0, false},
	{"dry-run", 0, NULL, NULL, "check everything, change nothing", 0, false},
	{0},
};

/* What a run of the verb carries along. */
struct job {
	struct cli_call *call;
	struct cli_table *table;
	struct cow_convert_options options;
	const char *subject; /* path now worked on */
};

static int on_progress(enum cow_convert_phase phase, uint64_t done, uint64_t total, void *data)
{
	static const char *const words[] = {"", "copying", "verifying", "committing"};
	const struct job *job = data;

	cli_progress(job->call, job->subject, words[phase], done, total);
	return cli_interrupted();
}

/* The directory of a path, and where its last name begins. */
static char *split(const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');

	*ret_name = slash ? slash + 1 : path;
	if (!slash)
		return cli_format(".");
	return cli_format("%.*s", slash == path ? 1 : (int)(slash - path), path);
}

static void convert_one(struct job *job, const char *path)
{
	struct cow_convert_result result = {0};
	struct converted row = {path, NULL, job->options.to, &result};
	struct cow_error err = {0};
	char *original CLI_CLEANUP(text) = NULL;
	const char *name;
	char *directory CLI_CLEANUP(text) = split(path, &name);
	int dirfd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC), r;

	job->subject = path;
	if (dirfd < 0) {
		err.errnum = errno;
		err.code = errno == EACCES ? COW_CODE_PERMISSION : COW_CODE_NOT_FOUND;
		snprintf(err.message, sizeof(err.message), "open %s", CLI_QUOTE(path));
		cli_error(job->call, &err);
		return;
	}
	r = cow_convert_at(dirfd, name, &job->options, &result, &err);
	close(dirfd);
	cli_progress_clear(job->call);
	if (result.original[0])
		original = cli_format("%s/%s", directory, result.original);
	row.original = original;
	cli_table_add(job->table, NULL, &row);
	if (r < 0)
		cli_error(job->call, &err);
	else if (result.note[0])
		cli_warn(job->call, "%s: %s", CLI_QUOTE(path), result.note);
}

static void convert_operand(struct job *job, const char *path)
{
	convert_one(job, path);
}

static unsigned flags_of(const struct cli_call *call)
{
	static const struct {
		const char *option;
		unsigned flag;
	} map[] = {
		{"dry-run", COW_CONVERT_DRY_RUN},
		{"preallocate", COW_CONVERT_PREALLOCATE},
		{"keep-original", COW_CONVERT_KEEP_ORIGINAL},
		{"no-verify", COW_CONVERT_NO_VERIFY},
	};
	unsigned flags = 0;

	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++)
		if (cli_given(call, map[i].option))
			flags |= map[i].flag;
	return flags;
}

static int run(struct cli_call *call)
{
	const char *to = cli_value(call, "cow");
	struct job job = {
		.call = call,
		.options = {.to = to ? cow_policy_from_name(to) : COW_POLICY_OFF,
			    .flags = flags_of(call),
			    .progress = on_progress},
	};

	if (job.options.to == COW_POLICY_ON && cli_given(call, "preallocate"))
		return cli_usage(call, "--preallocate goes with --cow off only");
	job.options.progress_data = &job;
	job.table = cli_table_new(call, "images");
	if (!job.table)
		return CLI_EXIT_USAGE;
	cli_interrupt_catch();
	for (int i = 0; i < call->n_operands && !cli_interrupted(); i++)
		convert_operand(&job, call->operands[i]);
	cli_table_end(job.table);
	return cli_interrupted() ? cli_status(call, CLI_EXIT_FAILED) : call->status;
}

const struct cli_verb cli_verb_convert = {
	.name = "convert",
	.operands = "IMAGE...",
	.operands_min = 1,
	.operands_max = -1,
	.complete = CLI_COMPLETE_FILE,
	.summary = "turn existing images to CoW off or on, crash-safely",
	.with = CLI_WITH_TABLE | CLI_WITH_PROGRESS,
	.options = options,
	.columns = columns,
	.run = run,
};
