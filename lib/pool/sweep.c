/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/file.h>

#include <cow/convert.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/temp.h"
#include "base/text.h"
#include "pool/apply.h"
#include "pool/sweep.h"

/* Directories that were being made: empty ones alone, and only while nobody makes any, who would
 * have the pool's directory locked. */
static void remove_directories(int dirfd)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	BASE_CLEANUP(directory) DIR *stream = base_directory_stream(fd);
	const struct dirent *entry;

	if (!stream || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return;
	while ((entry = readdir(stream)))
		if (base_starts(entry->d_name, BASE_TEMP_PREFIX))
			unlinkat(fd, entry->d_name, AT_REMOVEDIR);
}

int pool_sweep_hold_off(int dirfd)
{
	int fd = base_fd_reopen(dirfd, O_RDONLY | O_DIRECTORY);

	if (fd >= 0)
		flock(fd, LOCK_SH | LOCK_NB);
	return fd;
}

struct sweep {
	int dirfd;
	struct cow_pool *pool;
};

/* @return 0, for the next one. */
static int count(struct cow_pool *pool, const struct cow_error *err)
{
	if (!pool->interrupted++)
		base_copy(pool->interrupted_reason, sizeof(pool->interrupted_reason), err->message);
	return 0;
}

/* What the next conversion of the same image would do. Which may never come; and until then a copy
 * that a guest's disk was being mirrored to may be at the image's path (L5 to L7 in
 * docs/convert.md), where a guest that is started at boot would find it. */
static int settle(const struct cow_convert_interrupted *item, void *data)
{
	const struct cow_convert_options options = {
		.to = COW_POLICY_OFF,
		.flags = COW_CONVERT_UNDO,
	};
	struct cow_convert_result result;
	const struct sweep *sweep = data;
	struct cow_error err;

	/* A copy is there to be resumed by whoever asked for that. */
	if (item->running == COW_ANSWER_YES || item->state == COW_CONVERT_STATE_COPYING)
		return 0;
	if (item->state == COW_CONVERT_STATE_MOVING)
		base_refuse(&err, EBUSY, COW_CODE_REFUSED, "%s is moved in part",
			    BASE_QUOTE(item->image));
	else if (cow_convert_at(sweep->dirfd, item->image, &options, &result, &err) == 0)
		return 0;
	return count(sweep->pool, &err);
}

void pool_sweep(struct cow_pool *pool)
{
	BASE_CLEANUP(fd) int fd = pool_open_directory(pool, NULL);
	struct sweep sweep = {.dirfd = fd, .pool = pool};

	pool->interrupted = 0;
	pool->interrupted_reason[0] = '\0';
	if (fd < 0)
		return;
	remove_directories(fd);
	base_temp_sweep(fd);
	cow_convert_list_interrupted(fd, settle, &sweep, NULL);
}
