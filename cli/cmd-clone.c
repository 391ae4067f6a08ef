/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cowctl clone: one more image with the content of another. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "policy.h"
#include "verbs.h"

CLI_DEFINE_CLEANUP(probe, struct cow_probe *, cow_probe_free)

/* What is asked for, what it came to, and what was made. */
struct job {
	struct cli_call *call;
	const char *from, *from_name;
	int from_dirfd;
	char *path, *directory;
	const char *name;
	int dirfd;
	struct cli_policy policy; /* not asked with --match */
	struct cow_clone_options options;
	struct cow_clone_result result;
	struct cow_file_state state; /* all unknown with --dry-run */
	bool dry_run, match;
};

static const struct cli_option options[] = {
	{"reflink", 0, NULL, "auto|always|never", "share blocks (auto: or else copy)", 0, false,
	 "always"},
	{"cow", 0, NULL, "off|on|auto", "policy (or else of the pool, or auto)", 0, false},
	{"match", 0, NULL, NULL, "NOCOW as in the source, to share with it", 0, false},
	{"format", 'f', "FORMAT", NULL, "what SRC is (found out if not given)", 0, false},
	{"dry-run", 0, NULL, NULL, "check everything, create nothing", 0, false},
	{0},
};

static int on_progress(uint64_t done, uint64_t total, void *data)
{
	const struct job *job = data;

	cli_progress(job->call, job->path, "copying", done, total);
	return cli_interrupted();
}

static int parse(struct job *job)
{
	const char *format = cli_value(job->call, "format");

	job->match = cli_given(job->call, "match");
	job->dry_run = cli_given(job->call, "dry-run");
	job->options = (struct cow_clone_options){
		.reflink = cli_choice(job->call, "reflink"),
		.format = cow_format_from_name(format),
		.flags = cli_flag(job->call, "dry-run", COW_CLONE_DRY_RUN) |
			 cli_flag(job->call, "match", COW_CLONE_MATCH),
		.progress = on_progress,
		.progress_data = job,
	};
	if (format && !job->options.format)
		return cli_usage(job->call, "%s is not a format", CLI_QUOTE(format));
	if (job->match && cli_given(job->call, "cow"))
		return cli_usage(job->call, "--match and --cow exclude each other");
	return 0;
}

/* As with cp: into a directory under the name it has. */
static char *target_path(const char *from, const char *to)
{
	const char *slash = strrchr(from, '/');
	size_t length = strlen(to);
	struct stat st;

	if (stat(to, &st) < 0 || !S_ISDIR(st.st_mode))
		return cli_copy(to);
	return cli_format("%s%s%s", to, length && to[length - 1] == '/' ? "" : "/",
			  slash ? slash + 1 : from);
}

/* What the finished image is. Its mode may not let its owner look at it: then that is unknown. */
static void look(struct job *job, const struct cow_probe *probe)
{
	int fd = openat(job->dirfd, job->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return;
	cow_file_state_read(fd, cow_stack_top(probe->stack), &job->state, NULL);
	close(fd);
}

/* --- reporting -------------------------------------------------------------------------------- */

static const char *or_null(const char *text)
{
	return *text ? text : NULL;
}

static void report_policy(const struct job *job, json_t *image)
{
	const struct cow_decision *decision = &job->policy.decision;

	json_object_set_new(image, "match", json_boolean(job->match));
	json_object_set_new(image, "pool", cli_json_text(job->policy.pool));
	json_object_set_new(image, "policy",
			    cli_json_text(job->match ? NULL : cow_policy_name(decision->policy)));
	json_object_set_new(
		image, "effective",
		cli_json_text(job->match ? NULL : cow_policy_name(decision->effective)));
	json_object_set_new(image, "warning", cli_json_text(or_null(decision->warning)));
}

static void report_json(const struct job *job)
{
	const struct cow_clone_result *result = &job->result;
	json_t *image = json_object();

	json_object_set_new(job->call->json, "image", image);
	cli_json_path(image, "path", job->path);
	cli_json_path(image, "source", job->from);
	json_object_set_new(image, "result", json_string(job->dry_run ? "planned" : "cloned"));
	json_object_set_new(image, "method", json_string(cow_clone_method_name(result->method)));
	json_object_set_new(image, "reason", cli_json_text(result->reason));
	json_object_set_new(image, "remedy", cli_json_text(or_null(result->remedy)));
	json_object_set_new(image, "format", json_string(cow_format_name(result->format)));
	cli_json_value(image, "size",
		       result->virtual_size ? cli_bytes(result->virtual_size) : cli_unknown());
	cli_json_path(image, "backing", or_null(result->backing));
	cli_json_value(image, "nocow", cli_answer(result->nocow));
	json_object_set_new(image, "overwrite",
			    json_string(cow_overwrite_name(job->state.overwrite)));
	report_policy(job, image);
	cli_json_value(image, "source_held", cli_answer(result->held));
	cli_json_value(image, "bytes_shared", cli_bytes(result->bytes_shared));
	cli_json_value(image, "bytes_copied", cli_bytes(result->bytes_copied));
	cli_json_value(image, "bytes_holes", cli_bytes(result->bytes_holes));
	cli_json_value(image, "seconds", cli_real(result->seconds));
}

static void report_method(const struct job *job)
{
	const struct cow_clone_result *result = &job->result;
	const char *would = job->dry_run ? "would be " : "";
	FILE *out = job->call->out;

	if (result->method == COW_CLONE_SHARED)
		fprintf(out, "%s %sshared: %s\n", CLI_SIZE(result->bytes_shared), would,
			result->reason);
	else
		fprintf(out, "%s %scopied, %s left as holes: %s\n", CLI_SIZE(result->bytes_copied),
			would, CLI_SIZE(result->bytes_holes), result->reason);
	if (result->remedy[0])
		fprintf(out, "%s\n", result->remedy);
	if (result->method == COW_CLONE_SHARED && job->state.overwrite == COW_OVERWRITE_COPIED_ONCE)
		fprintf(out,
			"each shared block is copied once, on its next overwrite, in %s as well; "
			"cowctl unshare takes that back\n",
			CLI_QUOTE(job->from));
	if (result->backing_is_renamed)
		fprintf(out, "the backing file %s named %s: its relative name leads elsewhere\n",
			job->dry_run ? "would be" : "is now", CLI_QUOTE(result->backing));
}

static void report_text(const struct job *job)
{
	const struct cow_decision *decision = &job->policy.decision;
	const struct cow_clone_result *result = &job->result;
	FILE *out = job->call->out;

	fprintf(out, "%s %s as %s: %s", job->dry_run ? "would clone" : "cloned",
		CLI_QUOTE(job->from), CLI_QUOTE(job->path), cow_format_name(result->format));
	if (result->virtual_size)
		fprintf(out, ", %s", CLI_SIZE(result->virtual_size));
	fprintf(out, ", NOCOW %s", cow_answer_name(result->nocow));
	if (!job->dry_run)
		fprintf(out, ", overwrites %s", cow_overwrite_name(job->state.overwrite));
	fputc('\n', out);
	report_method(job);
	if (job->match)
		return;
	fprintf(out, "cow=%s", cow_policy_name(decision->policy));
	if (decision->effective != decision->policy)
		fprintf(out, " came to %s", cow_policy_name(decision->effective));
	if (job->policy.pool)
		fprintf(out, " by pool %s", CLI_QUOTE(job->policy.pool));
	fprintf(out, ": %s\n", decision->reason);
}

/* Does the clone differ from what was decided? */
static const char *unmet(const struct job *job)
{
	if (job->result.unmet[0])
		return job->result.unmet;
	if (!job->match && job->policy.decision.effective == COW_POLICY_ON &&
	    job->result.nocow == COW_ANSWER_YES)
		return "new files get NOCOW here: the filesystem is mounted with nodatacow";
	return NULL;
}

static void report(struct job *job)
{
	const char *difference = unmet(job);

	cli_progress_clear(job->call);
	if (job->call->json)
		report_json(job);
	else
		report_text(job);
	if (job->result.held != COW_ANSWER_YES)
		cli_warn(job->call,
			 "only its owner or root, on a local filesystem, can be sure that nobody "
			 "writes to %s meanwhile",
			 CLI_QUOTE(job->from));
	if (difference) {
		cli_warn(job->call, "%s: %s", CLI_QUOTE(job->path), difference);
		cli_status(job->call, CLI_EXIT_FINDINGS);
	}
}

/* The library knows the last component of either name alone. */
static int fail(struct job *job, const struct cow_error *err)
{
	char *message CLI_CLEANUP(text) = cli_format("clone %s as %s: %s", CLI_QUOTE(job->from),
						     CLI_QUOTE(job->path), err->message);
	struct cow_error whole = *err;

	if (job->from != job->from_name || job->path != job->name)
		snprintf(whole.message, sizeof(whole.message), "%s", message);
	return cli_error(job->call, &whole);
}

static int work(struct job *job)
{
	struct cow_probe *probe CLI_CLEANUP(probe) = NULL;
	struct cli_call *call = job->call;
	struct cow_error err = {0};

	job->from_dirfd = cli_open_parent(call, job->from, &job->from_name, NULL);
	job->dirfd = cli_open_parent(call, job->path, &job->name, &job->directory);
	if (job->from_dirfd < 0 || job->dirfd < 0)
		return call->status;
	if (cow_probe_new(job->directory, 0, &probe, &err) < 0)
		return cli_error(call, &err);
	if (!job->match && cli_policy_decide(call, job->directory, probe, &job->policy, &err) < 0)
		return cli_error(call, &err);
	job->options.wish = job->policy.wish;
	job->options.nocow = job->policy.nocow;
	if (cow_clone_at(job->from_dirfd, job->from_name, job->dirfd, job->name, &job->options,
			 &job->result, &err) < 0)
		return fail(job, &err);
	if (!job->dry_run)
		look(job, probe);
	report(job);
	return call->status;
}

static int run(struct cli_call *call)
{
	struct job job = {.call = call, .from = call->operands[0], .from_dirfd = -1, .dirfd = -1};
	int r = parse(&job);

	if (r)
		return r;
	cli_interrupt_catch();
	job.path = target_path(job.from, call->operands[1]);
	r = work(&job);
	if (job.from_dirfd >= 0)
		close(job.from_dirfd);
	if (job.dirfd >= 0)
		close(job.dirfd);
	free(job.directory);
	free(job.path);
	cli_policy_clear(&job.policy);
	return r;
}

const struct cli_verb cli_verb_clone = {
	.name = "clone",
	.operands = "SRC DST",
	.operands_min = 2,
	.operands_max = 2,
	.complete = CLI_COMPLETE_FILE,
	.summary = "one more image with the content of another, shared if possible",
	.with = CLI_WITH_JSON | CLI_WITH_SCOPE | CLI_WITH_PROGRESS,
	.options = options,
	.run = run,
};
