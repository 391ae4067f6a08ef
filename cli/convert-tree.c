/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cowctl convert --recursive: which images, in which order, and what came of them all. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "convert.h"

CLI_DEFINE_CLEANUP(audit, struct cow_audit *, cow_audit_free)

static bool is_leftover(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	return !strncmp(name, COW_CONVERT_TEMP_PREFIX, strlen(COW_CONVERT_TEMP_PREFIX));
}

/* The paths of all images below; what could not be read is said. */
static size_t find_images(struct cli_convert_job *job, const char *directory, char ***ret_paths)
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
static uint64_t need_of(const struct cli_convert_job *job, const char *path)
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
void cli_convert_tree(struct cli_convert_job *job, const char *directory)
{
	char **paths;
	size_t n = find_images(job, directory, &paths);
	struct planned *plan = cli_allocate((n + 1) * sizeof(*plan));

	for (size_t i = 0; i < n; i++)
		plan[i] = (struct planned){paths[i], need_of(job, paths[i])};
	qsort(plan, n, sizeof(*plan), by_need);
	for (size_t i = 0; i < n; i++) {
		if (!cli_interrupted())
			cli_convert_one(job, plan[i].path);
		free(plan[i].path);
	}
	free(plan);
	free(paths);
}

/* "3 images: 2 converted, 1 refused; 40G copied" */
void cli_convert_sum_up(struct cli_convert_job *job)
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
