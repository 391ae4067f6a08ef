/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cowctl convert --status: what stands of one image, in a directory, or below one. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "convert.h"
#include "pool.h"

struct status {
	struct cli_convert_job *job;
	const char *directory;    /* as a prefix: "" or ending in a slash */
	const char *path, *image; /* of the only one that is asked for, or NULL */
	bool found;
};

/* A copy's space is allocated before it is written to. */
static void describe(const struct cow_convert_interrupted *item, struct cow_convert_result *result)
{
	bool running = item->running == COW_ANSWER_YES;
	bool live = item->state == COW_CONVERT_STATE_MIRRORING;
	bool ahead = live || item->state == COW_CONVERT_STATE_COPYING;

	result->outcome = running ? COW_CONVERT_UNKNOWN : COW_CONVERT_INTERRUPTED;
	result->live = live;
	result->bytes_copied = item->bytes_done;
	snprintf(result->reason, sizeof(result->reason), "%s, %s%s of %s done%s%s",
		 cow_convert_state_name(item->state), ahead ? "at most " : "",
		 CLI_SIZE(item->bytes_done), CLI_SIZE(item->size), running ? ", and running" : "; ",
		 item->remedy);
}

static void show(const char *path, const struct cow_convert_interrupted *item,
		 struct cli_convert_job *job)
{
	struct cow_convert_result result = {0};
	struct converted row = {.path = path, .result = &result, .interrupted = item};

	if (item->second)
		return;
	describe(item, &result);
	cli_table_add(job->table, NULL, &row);
	if (item->running != COW_ANSWER_YES)
		cli_status(job->call, CLI_EXIT_FINDINGS);
}

/* Not to be called for images. */
static void show_found(const char *path, enum cow_policy to,
		       const struct cow_convert_interrupted *item, void *data)
{
	(void)to;
	show(path, item, data);
}

static int show_interrupted(const struct cow_convert_interrupted *item, void *data)
{
	struct status *status = data;
	char *path CLI_CLEANUP(text) = cli_format("%s%s", status->directory, item->image);

	if (status->image && !cow_convert_interrupted_is_of(item, status->image))
		return 0;
	/* By its own name, also where the journal has only the beginning of that. */
	show(status->image ? status->path : path, item, status->job);
	status->found = true;
	return 0;
}

static void list_interrupted(struct status *status, int dirfd)
{
	struct cow_error err = {0};

	if (cow_convert_list_interrupted(dirfd, show_interrupted, status, &err) < 0)
		cli_error_about(status->job->call, status->directory, &err);
	close(dirfd);
}

static void show_directory(struct cli_convert_job *job, const char *path)
{
	char *prefix CLI_CLEANUP(text) =
		cli_format("%s%s", path, path[strlen(path) - 1] == '/' ? "" : "/");
	struct status status = {.job = job, .directory = prefix};
	int dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dirfd < 0)
		cli_error_system(job->call, errno, "open %s", CLI_QUOTE(path));
	else
		list_interrupted(&status, dirfd);
}

static void show_image(struct cli_convert_job *job, const char *path)
{
	struct status status = {.job = job, .path = path};
	char *directory CLI_CLEANUP(text) = NULL;
	int dirfd = cli_open_parent(job->call, path, &status.image, &directory);

	if (dirfd < 0)
		return;
	status.directory = directory;
	list_interrupted(&status, dirfd);
	/* Neither it nor a part of it: that it is well is not to be said. */
	if (!status.found && !cli_is_there(path))
		cli_error_system(job->call, ENOENT, "look for %s", CLI_QUOTE(path));
}

static void show_pool(struct cli_convert_job *job, const char *name)
{
	if (!cli_convert_open_pool(job, name))
		cli_convert_find(job, job->pool->path, show_found, job);
	cli_convert_close_pool(job);
}

void cli_convert_status(struct cli_convert_job *job, const char *path)
{
	bool recursive = cli_given(job->call, "recursive");
	struct stat st;

	if (recursive && !cli_is_path(path))
		show_pool(job, path);
	else if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		show_image(job, path);
	else if (recursive)
		cli_convert_find(job, path, show_found, job);
	else
		show_directory(job, path);
}
