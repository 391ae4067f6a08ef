/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cowctl convert: existing images to CoW off or on. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "verbs.h"

CLI_DEFINE_CLEANUP(audit, struct cow_audit *, cow_audit_free)

/* One image with what came of it: a row of the table. */
struct converted {
	const char *path;
	const char *original; /* path of the kept one, or NULL */
	enum cow_policy to;
	const struct cow_convert_result *result;
};

/* The state before, in the words of the policy. */
static struct cli_value from(enum cow_answer nocow)
{
	if (nocow == COW_ANSWER_UNKNOWN)
		return cli_unknown();
	return cli_text(cow_policy_name(nocow == COW_ANSWER_YES ? COW_POLICY_OFF : COW_POLICY_ON));
}

static struct cli_value reason(const struct cow_convert_result *result)
{
	const char *text = result->reason[0] ? result->reason : result->note;

	return cli_text(text[0] ? text : NULL);
}

/* Pieces are counted only where there is something to compare. */
static struct cli_value before(const struct cow_convert_result *result, uint64_t pieces)
{
	return result->runs_before ? cli_number(pieces) : cli_text(NULL);
}

static struct cli_value after(const struct cow_convert_result *result, uint64_t pieces)
{
	if (result->outcome != COW_CONVERT_CONVERTED)
		return cli_text(NULL);
	return before(result, pieces);
}

CLI_GETTER(get_path, struct converted, cli_path(item->path))
CLI_GETTER(get_from, struct converted, from(item->result->from_nocow))
CLI_GETTER(get_to, struct converted, item->to ? cli_text(cow_policy_name(item->to)) : cli_unknown())
CLI_GETTER(get_mode, struct converted, cli_text(item->result->live ? "live" : "offline"))
CLI_GETTER(get_result, struct converted, cli_text(cow_convert_outcome_name(item->result->outcome)))
CLI_GETTER(get_reason, struct converted, reason(item->result))
CLI_GETTER(get_copied, struct converted, cli_bytes(item->result->bytes_copied))
CLI_GETTER(get_holes, struct converted, cli_bytes(item->result->bytes_holes))
CLI_GETTER(get_needed, struct converted, cli_bytes(item->result->bytes_needed))
CLI_GETTER(get_shared, struct converted, cli_bytes(item->result->bytes_shared))
CLI_GETTER(get_compressed, struct converted, cli_bytes(item->result->bytes_compressed))
CLI_GETTER(get_verified, struct converted, cli_bool(item->result->verified))
CLI_GETTER(get_seconds, struct converted, cli_real(item->result->seconds))
CLI_GETTER(get_original, struct converted, cli_path(item->original))
CLI_GETTER(get_runs_before, struct converted, before(item->result, item->result->runs_before))
CLI_GETTER(get_runs_after, struct converted, after(item->result, item->result->runs_after))
CLI_GETTER(get_rows_before, struct converted, before(item->result, item->result->rows_before))
CLI_GETTER(get_rows_after, struct converted, after(item->result, item->result->rows_after))

static const struct cli_column columns[] = {
	{"PATH", "the image", "path", 0, 0, get_path},
	{"RESULT", "converted, already, planned, refused, failed or interrupted", "result", 0, 0,
	 get_result},
	{"FROM", "copy-on-write before", "from", 0, 0, get_from},
	{"TO", "copy-on-write asked for", "to", 0, 0, get_to},
	{"COPIED", "bytes copied", "bytes_copied", 0, CLI_COLUMN_RIGHT, get_copied},
	{"HOLES", "bytes left as holes", "bytes_holes", 0, CLI_COLUMN_RIGHT, get_holes},
	{"NEEDED", "free space that it takes meanwhile", "bytes_needed", 0,
	 CLI_COLUMN_RIGHT | CLI_COLUMN_HIDDEN, get_needed},
	{"SHARED", "bytes that are shared no more", "bytes_shared", 0,
	 CLI_COLUMN_RIGHT | CLI_COLUMN_HIDDEN, get_shared},
	{"COMPRESSED", "bytes that are compressed no more", "bytes_compressed", 0,
	 CLI_COLUMN_RIGHT | CLI_COLUMN_HIDDEN, get_compressed},
	{"RUNS-BEFORE", "physically discontiguous runs before", "runs_before", 0, CLI_COLUMN_RIGHT,
	 get_runs_before},
	{"RUNS-AFTER", "the same after", "runs_after", 0, CLI_COLUMN_RIGHT, get_runs_after},
	{"ROWS-BEFORE", "extent rows before", "rows_before", 0,
	 CLI_COLUMN_RIGHT | CLI_COLUMN_HIDDEN, get_rows_before},
	{"ROWS-AFTER", "the same after", "rows_after", 0, CLI_COLUMN_RIGHT | CLI_COLUMN_HIDDEN,
	 get_rows_after},
	{"VERIFIED", "read back from disk and compared", "verified", 0, 0, get_verified},
	{"SECONDS", "time taken", "seconds", 0, CLI_COLUMN_RIGHT, get_seconds},
	{"MODE", "offline: nobody had it open; live: a guest had", "mode", 0, CLI_COLUMN_HIDDEN,
	 get_mode},
	{"ORIGINAL", "where the old image was kept", "original", 0, CLI_COLUMN_HIDDEN,
	 get_original},
	{"REASON", "why, or what was dropped", "reason", 0, CLI_COLUMN_HIDDEN, get_reason},
	{NULL, NULL, NULL, 0, 0, NULL},
};

static const struct cli_option options[] = {
	{"cow", 0, NULL, "off|on", "what to convert to (off if not given)", 0, false},
	{"recursive", 'r', NULL, NULL, "convert all images below a directory", 0, false},
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
	{"dry-run", 0, NULL, NULL, "check everything, change nothing", 0, false},
	{0},
};

/* What a run of the verb carries along. */
struct job {
	struct cli_call *call;
	struct cli_table *table;
	struct cow_convert_options options;
	const char *subject; /* path now worked on */
	struct {
		uint64_t outcomes[COW_CONVERT_INTERRUPTED + 1];
		uint64_t images, bytes_copied;
		uint64_t bytes_needed; /* of the one that takes most: one is done after the other */
	} total;
};

static void count(struct job *job, const struct cow_convert_result *result)
{
	job->total.images++;
	job->total.outcomes[result->outcome]++;
	job->total.bytes_copied += result->bytes_copied;
	if (result->bytes_needed > job->total.bytes_needed)
		job->total.bytes_needed = result->bytes_needed;
}

static int on_progress(enum cow_convert_phase phase, uint64_t done, uint64_t total, void *data)
{
	static const char *const words[] = {"", "copying", "verifying", "committing"};
	const struct job *job = data;

	cli_progress(job->call, job->subject, words[phase], done, total);
	return cli_interrupted();
}

/* @return what cow_convert_at() does, with the error said and the result filled in any case. */
static int convert_at(struct job *job, int dirfd, const char *name,
		      struct cow_convert_result *result)
{
	struct cow_error err = {0};
	int r;

	if (dirfd < 0) {
		result->outcome = COW_CONVERT_REFUSED;
		snprintf(result->reason, sizeof(result->reason), "its directory can't be opened");
		return dirfd;
	}
	r = cow_convert_at(dirfd, name, &job->options, result, &err);
	close(dirfd);
	/* The library knows the name alone, and a tree may have many of it. */
	if (r < 0)
		cli_error_about(job->call, name == job->subject ? NULL : job->subject, &err);
	return r;
}

static void convert_one(struct job *job, const char *path)
{
	struct cow_convert_result result = {0};
	struct converted row = {path, NULL, job->options.to, &result};
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
	cli_progress_clear(job->call);
	count(job, &result);
	cli_table_add(job->table, NULL, &row);
}

static bool is_leftover(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	return !strncmp(name, COW_CONVERT_TEMP_PREFIX, strlen(COW_CONVERT_TEMP_PREFIX));
}

/* The paths of all images below; what could not be read is said. */
static size_t find_images(struct job *job, const char *directory, char ***ret_paths)
{
	struct cow_audit *audit CLI_CLEANUP(audit) = NULL;
	struct cow_audit_item *item;
	struct cow_error err = {0};
	char **paths = NULL;
	size_t n = 0;
	int r = cow_audit_new(0, &audit, &err);

	if (r == 0)
		r = cow_audit_add(audit, directory, job->options.to, NULL, &err);
	while (r >= 0 && (r = cow_audit_next(audit, &item, &err)) > 0) {
		if (item->error.message[0]) {
			cli_error(job->call, &item->error);
		} else if (!is_leftover(item->path)) {
			if (n % 64 == 0)
				paths = cli_reallocate(paths, (n + 64) * sizeof(*paths));
			paths[n++] = cli_format("%s", item->path);
		}
		cow_audit_item_free(item);
	}
	if (r < 0)
		cli_error(job->call, &err);
	*ret_paths = paths;
	return n;
}

struct planned {
	char *path;
	uint64_t needed;
};

static int by_need(const void *a, const void *b)
{
	const struct planned *one = a, *other = b;

	if (one->needed != other->needed)
		return one->needed < other->needed ? -1 : 1;
	return strcmp(one->path, other->path);
}

/* What an image takes, by a dry run whose other results are of no interest yet. */
static uint64_t need_of(const struct job *job, const char *path)
{
	struct cow_convert_options dry = job->options;
	struct cow_convert_result result = {0};
	const char *slash = strrchr(path, '/');
	char *directory CLI_CLEANUP(text) =
		cli_format("%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
	int dirfd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);

	dry.flags |= COW_CONVERT_DRY_RUN;
	if (dirfd >= 0) {
		cow_convert_at(dirfd, slash ? slash + 1 : path, &dry, &result, NULL);
		close(dirfd);
	}
	return result.bytes_needed;
}

/* Found first, converted afterwards: a walk at the same time would meet its own work. The one that
 * takes least comes first: it may make room for the next. */
static void convert_tree(struct job *job, const char *directory)
{
	char **paths;
	size_t n = find_images(job, directory, &paths);
	struct planned *plan = cli_allocate((n + 1) * sizeof(*plan));

	for (size_t i = 0; i < n; i++)
		plan[i] = (struct planned){paths[i], need_of(job, paths[i])};
	qsort(plan, n, sizeof(*plan), by_need);
	for (size_t i = 0; i < n; i++) {
		if (!cli_interrupted())
			convert_one(job, plan[i].path);
		free(plan[i].path);
	}
	free(plan);
	free(paths);
}

/* "3 images: 2 converted, 1 refused; 40G copied" */
static void sum_up(struct job *job)
{
	char text[256] = "";
	size_t used = 0;
	json_t *summary = job->call->json ? json_object() : NULL;

	for (enum cow_convert_outcome i = COW_CONVERT_CONVERTED; i < COW_CONVERT_INTERRUPTED; i++) {
		uint64_t n = job->total.outcomes[i];

		if (summary)
			json_object_set_new(summary, cow_convert_outcome_name(i),
					    json_integer((json_int_t)n));
		if (n)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%llu %s",
						 used ? ", " : "", (unsigned long long)n,
						 cow_convert_outcome_name(i));
	}
	if (summary) {
		cli_json_value(summary, "images", cli_number(job->total.images));
		cli_json_value(summary, "bytes_copied", cli_bytes(job->total.bytes_copied));
		cli_json_value(summary, "bytes_needed", cli_bytes(job->total.bytes_needed));
		json_object_set_new(job->call->json, "summary", summary);
	} else if (job->total.images > 1) {
		cli_warn(job->call, "%llu images: %s; %s %s, at most %s of free space at a time",
			 (unsigned long long)job->total.images, text,
			 CLI_SIZE(job->total.bytes_copied),
			 job->options.flags & COW_CONVERT_DRY_RUN ? "to copy" : "copied",
			 CLI_SIZE(job->total.bytes_needed));
	}
}

static void convert_operand(struct job *job, const char *path)
{
	struct stat st;

	if (cli_given(job->call, "recursive") && !stat(path, &st) && S_ISDIR(st.st_mode))
		convert_tree(job, path);
	else
		convert_one(job, path);
}

/* --status: what stands in a directory, or of one image -----------------------------------------
 */

struct status {
	struct job *job;
	const char *directory; /* as a prefix: "" or ending in a slash */
	const char *image;     /* the only one that is asked for, or NULL */
	bool found;
};

static void describe(const struct cow_convert_interrupted *item, struct cow_convert_result *result)
{
	static const char *const remedies[] = {"", "--resume goes on with it",
					       "converting it again clears up",
					       "converting it again goes on, --undo goes back"};

	result->outcome = COW_CONVERT_INTERRUPTED;
	result->bytes_copied = item->bytes_done;
	snprintf(result->reason, sizeof(result->reason), "%s, %s of %s done%s%s",
		 cow_convert_state_name(item->state), CLI_SIZE(item->bytes_done),
		 CLI_SIZE(item->size), item->running == COW_ANSWER_YES ? ", and running" : "; ",
		 item->running == COW_ANSWER_YES ? "" : remedies[item->state]);
}

static int show_interrupted(const struct cow_convert_interrupted *item, void *data)
{
	struct status *status = data;
	struct cow_convert_result result = {0};
	char *path CLI_CLEANUP(text) = cli_format("%s%s", status->directory, item->image);
	struct converted row = {path, NULL, COW_POLICY_UNKNOWN, &result};

	if (status->image && strcmp(status->image, item->image) != 0)
		return 0;
	describe(item, &result);
	cli_table_add(status->job->table, NULL, &row);
	if (item->running != COW_ANSWER_YES)
		cli_status(status->job->call, CLI_EXIT_FINDINGS);
	return 0;
}

static void list_interrupted(struct job *job, int dirfd, struct status *status)
{
	struct cow_error err = {0};

	if (cow_convert_list_interrupted(dirfd, show_interrupted, status, &err) < 0)
		cli_error_about(job->call, status->directory, &err);
	close(dirfd);
}

static void show_status(struct job *job, const char *path)
{
	char *directory CLI_CLEANUP(text) = NULL;
	struct status status = {.job = job};
	struct stat st;
	int dirfd;

	if (!stat(path, &st) && S_ISDIR(st.st_mode)) {
		directory = cli_format("%s%s", path, path[strlen(path) - 1] == '/' ? "" : "/");
		dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (dirfd < 0)
			cli_error_system(job->call, errno, "open %s", CLI_QUOTE(path));
	} else {
		dirfd = cli_open_parent(job->call, path, &status.image, &directory);
		if (status.image == path)
			directory[0] = '\0';
	}
	status.directory = directory;
	if (dirfd >= 0)
		list_interrupted(job, dirfd, &status);
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

static int run(struct cli_call *call)
{
	const char *to = cli_value(call, "cow"), *bandwidth = cli_value(call, "bandwidth");
	struct job job = {
		.call = call,
		.options = {.to = to ? cow_policy_from_name(to) : COW_POLICY_OFF,
			    .flags = flags_of(call),
			    .progress = on_progress,
			    .qmp = cli_value(call, "qmp"),
			    .connect = cli_value(call, "connect")},
	};

	if (job.options.to == COW_POLICY_ON && cli_given(call, "preallocate"))
		return cli_usage(call, "--preallocate goes with --cow off only");
	if (bandwidth &&
	    (cow_size_parse(bandwidth, &job.options.bandwidth) < 0 || !job.options.bandwidth))
		return cli_usage(call, "%s is not a size", CLI_QUOTE(bandwidth));
	if (job.options.qmp && job.options.connect)
		return cli_usage(call, "a QEMU has either --qmp or --connect");
	job.options.progress_data = &job;
	job.table = cli_table_new(call, "images");
	cli_interrupt_catch();
	for (int i = 0; i < call->n_operands && !cli_interrupted(); i++)
		(cli_given(call, "status") ? show_status : convert_operand)(&job,
									    call->operands[i]);
	cli_table_end(job.table);
	if (!cli_given(call, "status"))
		sum_up(&job);
	return cli_interrupted() ? cli_status(call, CLI_EXIT_FAILED) : call->status;
}

const struct cli_verb cli_verb_convert = {
	.name = "convert",
	.operands = "IMAGE...",
	.operands_min = 1,
	.operands_max = -1,
	.complete = CLI_COMPLETE_FILE,
	.summary = "turn existing images to CoW off or on, crash-safely",
	.with = CLI_WITH_TABLE | CLI_WITH_BYTES | CLI_WITH_PROGRESS,
	.options = options,
	.columns = columns,
	.run = run,
};
