/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cowctl convert --status: what stands in a directory, or of one image. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "convert.h"

struct status {
	struct cli_convert_job *job;
	const char *directory; /* as a prefix: "" or ending in a slash */
	const char *image;     /* the only one that is asked for, or NULL */
	bool found;
};

static void describe(const struct cow_convert_interrupted *item, struct cow_convert_result *result)
{
	result->outcome = COW_CONVERT_INTERRUPTED;
	result->bytes_copied = item->bytes_done;
	snprintf(result->reason, sizeof(result->reason), "%s, %s of %s done%s%s",
		 cow_convert_state_name(item->state), CLI_SIZE(item->bytes_done),
		 CLI_SIZE(item->size), item->running == COW_ANSWER_YES ? ", and running" : "; ",
		 item->remedy);
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

static void list_interrupted(struct cli_convert_job *job, int dirfd, struct status *status)
{
	struct cow_error err = {0};

	if (cow_convert_list_interrupted(dirfd, show_interrupted, status, &err) < 0)
		cli_error_about(job->call, status->directory, &err);
	close(dirfd);
}

void cli_convert_status(struct cli_convert_job *job, const char *path)
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
