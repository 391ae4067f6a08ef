/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cowctl convert: existing images to CoW off or on. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "convert.h"
#include "verbs.h"

CLI_DEFINE_CLEANUP(survey, struct cow_convert_survey *, cow_convert_survey_free)

static const struct cli_option options[] = {
	{"cow", 0, NULL, "off|on", "what to convert to (off; with -r as pools have it)", 0, false},
	{"recursive", 'r', NULL, NULL, "convert all images of a directory or a pool", 0, false},
	{"preallocate", 0, NULL, NULL, "allocate the whole size, for hot images", 0, false},
	{"keep-original", 'k', NULL, NULL, "keep the old image as IMAGE.orig", 0, false},
	{"no-verify", 0, NULL, NULL, "do not read the copy back from disk", 0, false},
	{"skip-shared", 0, NULL, NULL, "leave golden images and their clones together", 0, false},
	{"rewrite", 0, NULL, NULL, "copy even what is as wanted, to defragment", 0, false},
	{"bandwidth", 0, "SIZE", NULL, "copy and verify at most SIZE bytes a second", 0, false},
	{"resume", 0, NULL, NULL, "keep the copy if interrupted, and go on with one", 0, false},
	{"low-space", 0, NULL, NULL, "move the data bit by bit if a copy has no room", 0, false},
	{"undo", 0, NULL, NULL, "take back a conversion that was interrupted", 0, false},
	{"status", 0, NULL, NULL, "list what was interrupted", 0, false},
	{"live", 0, NULL, NULL, "let a running guest of libvirt change to the copy", 0, false},
	{"connect", 0, "URI", NULL, "the libvirt to ask for the guest", 0, false},
	{"qmp", 0, "SOCKET", NULL, "monitor of a QEMU without libvirt to ask", CLI_COMPLETE_FILE,
	 false},
	{"dry-run", 0, NULL, NULL, "check everything and estimate the time", 0, false},
	{0},
};

/* How long a planned one will take, at the rate measured with it or before. */
static double estimate(const struct cli_convert_job *job, const struct cow_convert_result *result)
{
	uint64_t rate = result->bytes_per_second ? result->bytes_per_second : job->rate;

	if (result->outcome != COW_CONVERT_PLANNED || !rate)
		return 0;
	return (double)result->bytes_copied / (double)rate;
}

void cli_convert_go_to(struct cli_convert_job *job, const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0 || st.st_dev == job->device)
		return;
	job->device = st.st_dev;
	job->grown = 0;
}

/* What is still free later, for the free space itself does not tell in a dry run. */
static void count_space(struct cli_convert_job *job, const struct cow_convert_result *result)
{
	if (result->bytes_needed && job->grown + result->bytes_needed > job->total.bytes_needed)
		job->total.bytes_needed = job->grown + result->bytes_needed;
	if (result->outcome != COW_CONVERT_PLANNED && result->outcome != COW_CONVERT_CONVERTED)
		return;
	job->grown += result->bytes_grown;
	job->total.bytes_grown += result->bytes_grown;
}

static void count(struct cli_convert_job *job, const struct cow_convert_result *result)
{
	double seconds = estimate(job, result);

	job->total.seconds_needed += seconds;
	job->total.seconds_unknown |=
		result->outcome == COW_CONVERT_PLANNED && result->bytes_copied && seconds <= 0;
	job->total.images++;
	job->total.outcomes[result->outcome]++;
	job->total.bytes_copied += result->bytes_copied;
	count_space(job, result);
}

static int on_progress(enum cow_convert_phase phase, uint64_t done, uint64_t total, void *data)
{
	static const char *const words[] = {"", "copying", "verifying", "committing"};
	const struct cli_convert_job *job = data;

	cli_progress(job->call, job->subject, words[phase], done, total);
	return cli_interrupted();
}

/* @return what cow_convert_at() does, with the error said and the result filled in any case. */
static int convert_at(struct cli_convert_job *job, int dirfd, const char *name,
		      struct cow_convert_result *result)
{
	struct cow_convert_options own = job->options;
	struct cow_error err = {0};
	int r;

	if (dirfd < 0) {
		result->outcome = COW_CONVERT_REFUSED;
		snprintf(result->reason, sizeof(result->reason), "its directory can't be opened");
		return dirfd;
	}
	own.reserve = own.flags & COW_CONVERT_DRY_RUN ? job->grown : 0;
	if (!job->rate)
		own.flags |= cli_flag(job->call, "dry-run", COW_CONVERT_ESTIMATE);
	r = cow_convert_at(dirfd, name, &own, result, &err);
	close(dirfd);
	/* The library knows the name alone, and a tree may have many of it. */
	if (r < 0)
		cli_error_about(job->call, name == job->subject ? NULL : job->subject, &err);
	return r;
}

void cli_convert_one(struct cli_convert_job *job, const char *path)
{
	struct cow_convert_result result = {0};
	struct converted row = {path, NULL, job->options.to, &result, 0};
	char *directory CLI_CLEANUP(text) = NULL, *original CLI_CLEANUP(text) = NULL;
	const char *name = NULL;
	int dirfd = cli_open_parent(job->call, path, &name, &directory);

	job->subject = path;
	convert_at(job, dirfd, name, &result);
	if (result.note[0])
		cli_warn(job->call, "%s: %s", CLI_QUOTE(path), result.note);
	if (result.original[0])
		original = cli_format("%s%s", path == name ? "" : directory, result.original);
	row.original = original;
	row.seconds_needed = estimate(job, &result);
	cli_progress_clear(job->call);
	count(job, &result);
	cli_table_add(job->table, NULL, &row);
}

static void convert_operand(struct cli_convert_job *job, const char *path)
{
	struct stat st;

	bool recursive = cli_given(job->call, "recursive");

	if (recursive && !cli_is_path(path))
		cli_convert_pool(job, path);
	else if (recursive && !stat(path, &st) && S_ISDIR(st.st_mode))
		cli_convert_directory(job, path);
	else {
		cli_convert_go_to(job, path);
		cli_convert_one(job, path);
	}
}

static unsigned flags_of(const struct cli_call *call)
{
	return cli_flag(call, "dry-run", COW_CONVERT_DRY_RUN) |
	       cli_flag(call, "preallocate", COW_CONVERT_PREALLOCATE) |
	       cli_flag(call, "keep-original", COW_CONVERT_KEEP_ORIGINAL) |
	       cli_flag(call, "no-verify", COW_CONVERT_NO_VERIFY) |
	       cli_flag(call, "rewrite", COW_CONVERT_REWRITE) |
	       cli_flag(call, "resume", COW_CONVERT_RESUME) |
	       cli_flag(call, "low-space", COW_CONVERT_LOW_SPACE) |
	       cli_flag(call, "skip-shared", COW_CONVERT_SKIP_SHARED) |
	       cli_flag(call, "undo", COW_CONVERT_UNDO) | cli_flag(call, "live", COW_CONVERT_LIVE) |
	       cli_flag(call, "connect", COW_CONVERT_LIVE) |
	       cli_flag(call, "qmp", COW_CONVERT_LIVE);
}

/* What is listed is not changed. */
static int check_status(struct cli_call *call)
{
	for (const struct cli_option *option = options; option->name; option++)
		if (cli_given(call, option->name) && strcmp(option->name, "status") != 0 &&
		    strcmp(option->name, "recursive") != 0)
			return cli_usage(call,
					 "--status goes with --recursive alone, not with --%s",
					 option->name);
	cli_default(call, "output", CLI_CONVERT_STATUS_COLUMNS);
	return 0;
}

/* Known before any image is looked at, unless one turns out to be moved in part already. */
static int check_low_space(struct cli_call *call)
{
	static const char *const others[] = {"preallocate", "keep-original", "no-verify"};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (cli_given(call, others[i]))
			return cli_usage(call, "--low-space does not go with --%s", others[i]);
	return 0;
}

/* @return 0, or an exit status after the error was said. */
static int check_options(struct cli_convert_job *job, const char *bandwidth)
{
	struct cli_call *call = job->call;

	if (cli_given(call, "status"))
		return check_status(call);
	if (job->options.to == COW_POLICY_ON && cli_given(call, "preallocate"))
		return cli_usage(call, "--preallocate goes with --cow off only");
	if (bandwidth &&
	    (cow_size_parse(bandwidth, &job->options.bandwidth) < 0 || !job->options.bandwidth))
		return cli_usage(call, "%s is not a size", CLI_QUOTE(bandwidth));
	if (job->options.qmp && job->options.connect)
		return cli_usage(call, "a QEMU has either --qmp or --connect");
	return cli_given(call, "low-space") ? check_low_space(call) : 0;
}

static int run(struct cli_call *call)
{
	struct cow_convert_survey *survey CLI_CLEANUP(survey) = NULL;
	const char *to = cli_value(call, "cow"), *bandwidth = cli_value(call, "bandwidth");
	struct cow_error err;
	struct cli_convert_job job = {
		.call = call,
		.options = {.to = to ? cow_policy_from_name(to) : COW_POLICY_OFF,
			    .flags = flags_of(call),
			    .progress = on_progress,
			    .qmp = cli_value(call, "qmp"),
			    .connect = cli_value(call, "connect")},
	};

	if (check_options(&job, bandwidth))
		return call->status;
	if (cow_convert_survey_new(&survey, &err) < 0)
		return cli_error(call, &err);
	job.options.survey = survey;
	job.options.progress_data = &job;
	job.table = cli_table_new(call, "images");
	cli_interrupt_catch();
	for (int i = 0; i < call->n_operands && !cli_interrupted(); i++)
		(cli_given(call, "status") ? cli_convert_status
					   : convert_operand)(&job, call->operands[i]);
	cli_table_end(job.table);
	if (!cli_given(call, "status"))
		cli_convert_sum_up(&job);
	return cli_interrupted() ? cli_status(call, CLI_EXIT_FAILED) : call->status;
}

const struct cli_verb cli_verb_convert = {
	.name = "convert",
	.operands = "IMAGE|DIRECTORY|POOL...",
	.operands_min = 1,
	.operands_max = -1,
	.complete = CLI_COMPLETE_FILE | CLI_COMPLETE_POOL,
	.summary = "turn existing images to CoW off or on, crash-safely",
	.with = CLI_WITH_TABLE | CLI_WITH_BYTES | CLI_WITH_PROGRESS | CLI_WITH_SCOPE,
	.options = options,
	.columns = cli_convert_columns,
	.run = run,
};
