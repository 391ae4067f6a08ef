/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cowctl create: one new image, right from birth. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "policy.h"
#include "verbs.h"

CLI_DEFINE_CLEANUP(probe, struct cow_probe *, cow_probe_free)

/* What is asked for, what it came to, and what was made. */
struct job {
	struct cli_call *call;
	const char *path, *name;
	char *directory;
	int dirfd;
	struct cli_policy policy;
	struct cow_image_create_options options;
	struct cli_shown shown;
	struct cow_progress progress;
	struct cow_image_created created;
	struct cow_file_state state; /* all unknown with --dry-run */
	uint64_t size;
	bool dry_run;
};

static const struct cli_option options[] = {
	{"format", 'f', NULL, "raw|qcow2", "format of the image (raw if not given)", 0, false},
	{"cow", 0, NULL, "off|on|auto", "policy (of the pool, or auto, if not given)", 0, false},
	{"preallocation", 0, "HOW", "off|metadata|falloc|full",
	 "allocate now: off, metadata, falloc or full", 0, false},
	{"backing", 'b', "FILE", NULL, "backing file, as seen from the image", CLI_COMPLETE_FILE,
	 false},
	{"backing-format", 'F', "FORMAT", NULL, "format of the backing file", 0, false},
	{"mode", 'm', "MODE", NULL, "permissions, octal (0600 if not given)", 0, false},
	{"dry-run", 0, NULL, NULL, "check everything, create nothing", 0, false},
	{0},
};

/* --- reading the call ------------------------------------------------------------------------- */

static int parse_size(struct job *job)
{
	const char *text = job->call->operands[1];

	if (text && cow_size_parse(text, &job->options.size) < 0)
		return cli_usage(job->call, "%s is not a size", CLI_QUOTE(text));
	if (text && !job->options.size)
		job->options.flags |= COW_IMAGE_CREATE_EMPTY;
	if (!text && !job->options.backing)
		return cli_usage(job->call, "the size of the image is missing");
	return 0;
}

static int parse_backing(struct job *job)
{
	const char *backing = cli_value(job->call, "backing");
	const char *format = cli_value(job->call, "backing-format");

	if (!backing != !format)
		return cli_usage(job->call, "--backing and --backing-format go together");
	if (!backing)
		return 0;
	job->options.backing = backing;
	job->options.backing_format = cow_format_from_name(format);
	if (!job->options.backing_format)
		return cli_usage(job->call, "%s is not a format", CLI_QUOTE(format));
	if (job->options.format != COW_FORMAT_QCOW2)
		return cli_usage(job->call, "--backing needs --format qcow2");
	return 0;
}

static int parse_mode(struct job *job)
{
	const char *text = cli_value(job->call, "mode");
	char *end;
	unsigned long mode;

	if (!text)
		return 0;
	errno = 0;
	mode = strtoul(text, &end, 8);
	if (errno || end == text || *end || mode > 0777 || !mode || *text == '-')
		return cli_usage(job->call, "%s is not a mode between 1 and 0777", CLI_QUOTE(text));
	job->options.mode = (mode_t)mode;
	return 0;
}

static int parse(struct job *job)
{
	const char *format = cli_value(job->call, "format");
	int r;

	job->options.format = format ? cow_format_from_name(format) : COW_FORMAT_RAW;
	job->options.preallocation = cli_choice(job->call, "preallocation");
	job->dry_run = cli_given(job->call, "dry-run");
	job->options.flags = job->dry_run ? COW_IMAGE_CREATE_DRY_RUN : 0;
	r = parse_backing(job);
	if (r == 0)
		r = parse_size(job);
	return r ? r : parse_mode(job);
}

/* --- doing ------------------------------------------------------------------------------------ */

/* What the finished image is. Its mode may not let its owner look at it: then that is unknown. */
static void look(struct job *job, const struct cow_probe *probe)
{
	int fd = openat(job->dirfd, job->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct cow_header header = {0};

	if (fd < 0)
		return;
	cow_file_state_read(fd, cow_stack_top(probe->stack), &job->state, NULL);
	if (cow_header_read(fd, &header, NULL) == 0 && job->options.format != COW_FORMAT_RAW)
		job->size = header.virtual_size;
	cow_header_clear(&header);
	close(fd);
}

/* Does the image differ from what was decided? */
static const char *unmet(const struct job *job)
{
	if (job->created.unmet[0])
		return job->created.unmet;
	if (job->policy.decision.effective == COW_POLICY_ON && job->created.nocow == COW_ANSWER_YES)
		return "new files get NOCOW here: the filesystem is mounted with nodatacow";
	return NULL;
}

/* Only of an image that was looked at, when its backing file gives the size. */
static bool is_size_known(const struct job *job)
{
	return job->size || !job->options.backing;
}

/* --- reporting -------------------------------------------------------------------------------- */

static void report_json(const struct job *job)
{
	const struct cow_decision *decision = &job->policy.decision;
	json_t *image = json_object();

	json_object_set_new(job->call->json, "image", image);
	cli_json_path(image, "path", job->path);
	json_object_set_new(image, "result", json_string(job->dry_run ? "planned" : "created"));
	json_object_set_new(image, "format", json_string(cow_format_name(job->options.format)));
	cli_json_value(image, "size", is_size_known(job) ? cli_bytes(job->size) : cli_unknown());
	cli_json_value(image, "nocow", cli_answer(job->created.nocow));
	json_object_set_new(image, "overwrite",
			    json_string(cow_overwrite_name(job->state.overwrite)));
	json_object_set_new(image, "pool", cli_json_text(job->policy.pool));
	json_object_set_new(image, "policy", json_string(cow_policy_name(decision->policy)));
	json_object_set_new(image, "effective", json_string(cow_policy_name(decision->effective)));
	json_object_set_new(image, "reason", cli_json_text(decision->reason));
	json_object_set_new(image, "warning",
			    cli_json_text(*decision->warning ? decision->warning : NULL));
}

static void report_text(const struct job *job)
{
	const struct cow_decision *decision = &job->policy.decision;
	FILE *out = job->call->out;

	fprintf(out, "%s %s: %s, %s", job->dry_run ? "would create" : "created",
		CLI_QUOTE(job->path), cow_format_name(job->options.format),
		is_size_known(job) ? CLI_SIZE(job->size) : "as big as its backing file");
	fprintf(out, ", NOCOW %s", cow_answer_name(job->created.nocow));
	if (!job->dry_run)
		fprintf(out, ", overwrites %s", cow_overwrite_name(job->state.overwrite));
	fprintf(out, "\ncow=%s", cow_policy_name(decision->policy));
	if (decision->effective != decision->policy)
		fprintf(out, " came to %s", cow_policy_name(decision->effective));
	if (job->policy.pool)
		fprintf(out, " by pool %s", CLI_QUOTE(job->policy.pool));
	fprintf(out, ": %s\n", decision->reason);
}

static int work(struct job *job)
{
	struct cow_probe *probe CLI_CLEANUP(probe) = NULL;
	struct cow_error err = {0};
	const char *difference;
	int r;

	job->size = job->options.size;
	job->dirfd = cli_open_parent(job->call, job->path, &job->name, &job->directory);
	if (job->dirfd < 0)
		return job->call->status;
	if (cow_probe_new(job->directory, 0, &probe, &err) < 0 ||
	    cli_policy_decide(job->call, job->directory, probe, &job->policy, &err) < 0)
		return cli_error(job->call, &err);
	job->options.wish = job->policy.wish;
	job->options.nocow = job->policy.nocow;
	job->shown = (struct cli_shown){job->call, job->path, "allocating"};
	job->progress = (struct cow_progress){cli_progress_show, &job->shown};
	job->options.progress = &job->progress;
	cli_interrupt_catch();
	r = cow_image_create_at(job->dirfd, job->name, &job->options, &job->created, &err);
	cli_progress_clear(job->call);
	if (r < 0)
		return cli_error(job->call, &err);
	if (!job->dry_run)
		look(job, probe);
	if (job->call->json)
		report_json(job);
	else
		report_text(job);
	difference = unmet(job);
	if (difference) {
		cli_warn(job->call, "%s: %s", CLI_QUOTE(job->path), difference);
		cli_status(job->call, CLI_EXIT_FINDINGS);
	}
	return job->call->status;
}

static int run(struct cli_call *call)
{
	struct job job = {.call = call, .path = call->operands[0], .dirfd = -1};
	int r = parse(&job);

	if (r == 0)
		r = work(&job);
	if (job.dirfd >= 0)
		close(job.dirfd);
	free(job.directory);
	cli_policy_clear(&job.policy);
	return r;
}

const struct cli_verb cli_verb_create = {
	.name = "create",
	.operands = "IMAGE [SIZE]",
	.operands_min = 1,
	.operands_max = 2,
	.complete = CLI_COMPLETE_FILE,
	.summary = "make a new image, right from birth",
	.with = CLI_WITH_JSON | CLI_WITH_SCOPE | CLI_WITH_PROGRESS,
	.options = options,
	.run = run,
};
