/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cowctl convert --recursive: which images, in which order, and what came of them all. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "convert.h"
#include "pool.h"

CLI_DEFINE_CLEANUP(probe, struct cow_probe *, cow_probe_free)

/* What is to be done, in the order in which it is. */
struct plan {
	struct cli_convert_job *job;
	struct planned {
		char *path;
		enum cow_policy to;
		uint64_t needed;
		bool possible;
		bool interrupted; /* begun already, and in the way of whoever needs the image */
		bool left;        /* something else has its name, of which nothing is to be said */
	} * list;
	size_t n;
};

static void add(struct plan *plan, char *path, enum cow_policy to, bool interrupted)
{
	if (plan->n % 64 == 0)
		plan->list = cli_reallocate(plan->list, (plan->n + 64) * sizeof(*plan->list));
	plan->list[plan->n++] = (struct planned){path, to, .interrupted = interrupted};
}

static bool is_listed(const struct plan *plan, const char *path, bool interrupted)
{
	for (size_t i = 0; i < plan->n; i++)
		if (plan->list[i].interrupted == interrupted && !strcmp(plan->list[i].path, path))
			return true;
	return false;
}

/* Of what was interrupted all is to be taken back, but only an image that is not at its path has
 * not been found without it. */
static void add_interrupted(struct plan *plan, const char *path, enum cow_policy to,
			    const struct cow_convert_interrupted *item)
{
	bool undo = plan->job->options.flags & COW_CONVERT_UNDO;

	if (item->second ||
	    (undo ? item->running == COW_ANSWER_YES : item->state != COW_CONVERT_STATE_MOVING))
		return;
	if (item->cut)
		cli_error_about(
			plan->job->call, path,
			&(struct cow_error){.code = COW_CODE_REFUSED,
					    .message = "its name is too long to be known from what "
						       "an interrupted conversion left",
					    .remedy = "name the image"});
	else if (!is_listed(plan, path, true)) {
		add(plan, cli_copy(path), to, true);
		plan->list[plan->n - 1].left =
			!undo && item->running != COW_ANSWER_YES && cli_is_there(path);
	}
}

static void add_found(const char *path, enum cow_policy to,
		      const struct cow_convert_interrupted *item, void *data)
{
	struct plan *plan = data;

	if (item)
		add_interrupted(plan, path, to, item);
	else
		add(plan, cli_copy(path), to, false);
}

static int by_need(const void *a, const void *b)
{
	const struct planned *one = a, *other = b;

	if (one->interrupted != other->interrupted)
		return one->interrupted ? -1 : 1;
	if (one->needed != other->needed)
		return one->needed < other->needed ? -1 : 1;
	return strcmp(one->path, other->path);
}

/* A dry run with one image, of which what it takes is of interest, or how fast it goes. */
static void try_one(const struct cli_convert_job *job, const struct planned *planned,
		    unsigned flags, struct cow_convert_result *ret)
{
	struct cow_convert_options dry = job->options;
	const char *path = planned->path;
	const char *slash = strrchr(path, '/');
	char *directory CLI_CLEANUP(text) =
		cli_format("%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
	int dirfd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);

	dry.to = planned->to;
	dry.flags |= COW_CONVERT_DRY_RUN | flags;
	*ret = (struct cow_convert_result){0};
	if (dirfd >= 0) {
		cow_convert_at(dirfd, slash ? slash + 1 : path, &dry, ret, NULL);
		close(dirfd);
	}
}

/* Measured once, with the one that takes most of those that can be converted, and leave room for
 * it: the small ones would be copied as a whole for it. */
static void measure(const struct plan *plan)
{
	struct cow_convert_result result = {.bytes_copied = 1};
	struct cli_convert_job *job = plan->job;

	if (!cli_given(job->call, "dry-run"))
		return;
	for (size_t i = plan->n; i && !job->rate && result.bytes_copied && !cli_interrupted(); i--)
		if (plan->list[i - 1].possible) {
			try_one(job, &plan->list[i - 1], COW_CONVERT_ESTIMATE, &result);
			job->rate = result.bytes_per_second;
		}
}

static void order(struct plan *plan)
{
	struct cow_convert_result result;

	for (size_t i = 0; i < plan->n && !cli_interrupted(); i++) {
		struct planned *planned = &plan->list[i];

		try_one(plan->job, planned, 0, &result);
		planned->needed = result.bytes_needed;
		planned->possible = result.outcome == COW_CONVERT_PLANNED;
		/* That there was a move may be made up: it is the library that knows. */
		if (planned->left && result.outcome == COW_CONVERT_REFUSED)
			planned->left = is_listed(plan, planned->path, false);
	}
	if (plan->n)
		qsort(plan->list, plan->n, sizeof(*plan->list), by_need);
}

/* Found first, converted afterwards: a walk at the same time would meet its own work. The one that
 * takes least comes first: it may make room for the next. */
static void convert_tree(struct cli_convert_job *job, const char *directory)
{
	enum cow_policy before = job->options.to;
	struct plan plan = {.job = job};

	cli_convert_go_to(job, directory);
	cli_convert_find(job, directory, add_found, &plan);
	order(&plan);
	measure(&plan);
	for (size_t i = 0; i < plan.n; i++) {
		job->options.to = plan.list[i].to;
		if (!plan.list[i].left && !cli_interrupted())
			cli_convert_one(job, plan.list[i].path);
		free(plan.list[i].path);
	}
	job->options.to = before;
	job->rate = 0;
	free(plan.list);
}

void cli_convert_directory(struct cli_convert_job *job, const char *directory)
{
	if (!cli_convert_open_directory(job))
		convert_tree(job, directory);
	cli_convert_close_pool(job);
}

/* The policy auto, as it comes to in the pool's directory. */
static enum cow_policy policy_of(struct cli_convert_job *job, const struct cow_pool *pool)
{
	struct cow_probe *probe CLI_CLEANUP(probe) = NULL;
	struct cow_decision decision;
	struct cow_error err;

	if (cli_given(job->call, "cow"))
		return job->options.to;
	if (cow_probe_new(pool->path, 0, &probe, &err) < 0) {
		cli_error(job->call, &err);
		return COW_POLICY_UNKNOWN;
	}
	cow_policy_decide(pool->policy, probe, &decision);
	if (decision.effective != COW_POLICY_OFF && decision.effective != COW_POLICY_ON)
		cli_usage(job->call, "what the policy of %s comes to is not known: say --cow",
			  CLI_QUOTE(pool->name));
	return decision.effective;
}

void cli_convert_pool(struct cli_convert_job *job, const char *name)
{
	enum cow_policy before = job->options.to;

	if (!cli_convert_open_pool(job, name)) {
		job->options.to = policy_of(job, job->pool);
		if (job->options.to == COW_POLICY_OFF || job->options.to == COW_POLICY_ON)
			convert_tree(job, job->pool->path);
	}
	cli_convert_close_pool(job);
	job->options.to = before;
}

/* "about 3 min": one decimal less would promise more than a sample of 64 MiB holds. */
static void format_about(double seconds, char *buffer, size_t size)
{
	if (seconds <= 0)
		*buffer = '\0';
	else if (seconds < 100)
		snprintf(buffer, size, " in about %.0f s", seconds < 1 ? 1 : seconds);
	else if (seconds < 6000)
		snprintf(buffer, size, " in about %.0f min", seconds / 60);
	else
		snprintf(buffer, size, " in about %.0f h", seconds / 3600);
}

/* 0: not known, of all together. */
static double seconds_needed(const struct cli_convert_job *job)
{
	return job->total.seconds_unknown ? 0 : job->total.seconds_needed;
}

static void sum_up_json(struct cli_convert_job *job, json_t *summary)
{
	for (enum cow_convert_outcome i = COW_CONVERT_CONVERTED; i < COW_CONVERT_INTERRUPTED; i++)
		cli_json_value(summary, cow_convert_outcome_name(i),
			       cli_number(job->total.outcomes[i]));
	cli_json_value(summary, "images", cli_number(job->total.images));
	cli_json_value(summary, "bytes_copied", cli_bytes(job->total.bytes_copied));
	cli_json_value(summary, "bytes_needed", cli_bytes(job->total.bytes_needed));
	cli_json_value(summary, "bytes_grown", cli_bytes(job->total.bytes_grown));
	cli_json_value(summary, "seconds_needed",
		       seconds_needed(job) > 0 ? cli_real(seconds_needed(job)) : cli_unknown());
	json_object_set_new(job->call->json, "summary", summary);
}

/* "; 40G copied, at most 20G of free space at a time", or nothing. */
static void format_space(const struct cli_convert_job *job, char *buffer, size_t size)
{
	bool dry = job->options.flags & COW_CONVERT_DRY_RUN;
	char about[64], grown[64] = "";

	*buffer = '\0';
	if (!job->total.bytes_copied && !job->total.bytes_needed)
		return;
	format_about(seconds_needed(job), about, sizeof(about));
	if (job->total.bytes_grown)
		snprintf(grown, sizeof(grown), ", %s of it for good",
			 CLI_SIZE(job->total.bytes_grown));
	snprintf(buffer, size, "; %s %s%s, at most %s of free space at a time%s",
		 CLI_SIZE(job->total.bytes_copied), dry ? "to copy" : "copied", about,
		 CLI_SIZE(job->total.bytes_needed), grown);
}

/* "3 images: 2 converted, 1 refused; 40G copied" */
static void sum_up_text(struct cli_convert_job *job)
{
	char text[256] = "", space[256];
	size_t used = 0;

	for (enum cow_convert_outcome i = COW_CONVERT_CONVERTED; i < COW_CONVERT_INTERRUPTED; i++)
		if (job->total.outcomes[i])
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%llu %s",
						 used ? ", " : "",
						 (unsigned long long)job->total.outcomes[i],
						 cow_convert_outcome_name(i));
	format_space(job, space, sizeof(space));
	cli_progress_clear(job->call);
	fprintf(stderr, "cowctl: %llu images: %s%s\n", (unsigned long long)job->total.images, text,
		space);
}

void cli_convert_sum_up(struct cli_convert_job *job)
{
	if (job->call->json)
		sum_up_json(job, json_object());
	else if (job->total.images > 1)
		sum_up_text(job);
}
