/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tell what was done to a pool. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "base/fd.h"
#include "base/text.h"
#include "pool/event.h"

static const char *const names[] = {
	[COW_POOL_EVENT_UNKNOWN] = "unknown",     [COW_POOL_EVENT_DEFINED] = "defined",
	[COW_POOL_EVENT_UNDEFINED] = "undefined", [COW_POOL_EVENT_STARTED] = "started",
	[COW_POOL_EVENT_STOPPED] = "stopped",     [COW_POOL_EVENT_CREATED] = "created",
	[COW_POOL_EVENT_DELETED] = "deleted",     [COW_POOL_EVENT_REFRESHED] = "refreshed",
};

COW_EXPORT const char *cow_pool_event_name(enum cow_pool_event_kind kind)
{
	return BASE_NAME(names, kind);
}

COW_EXPORT const char *cow_pool_event_type_name(enum cow_pool_event_kind kind)
{
	return kind == COW_POOL_EVENT_REFRESHED ? "refresh" : "lifecycle";
}

enum cow_pool_event_kind pool_event_from_name(const char *name)
{
	for (size_t i = 1; i < BASE_ARRAY_SIZE(names); i++)
		if (base_equal(names[i], name))
			return (enum cow_pool_event_kind)i;
	return COW_POOL_EVENT_UNKNOWN;
}

/* Who writes has this, so that nobody writes any more to what was set aside. It is another file
 * than the one that everybody may read, and could lock for ever. It is given up after a second:
 * what is announced is done already, and need not wait for somebody who was stopped midway. */
static int lock(int dirfd)
{
	BASE_CLEANUP(fd)
	int fd = openat(dirfd, ".events.lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	unsigned tries = 0;

	while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0)
		if (!base_wait_for_others(&tries))
			return -EBUSY;
	return base_take_fd(&fd);
}

/* For everybody to read, whatever the umask. */
static int open_events(int dirfd, off_t *ret_size)
{
	BASE_CLEANUP(fd)
	int fd = openat(dirfd, POOL_EVENTS,
			O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -EINVAL;
	if ((st.st_mode & 0777) != 0644 && fchmod(fd, 0644) < 0)
		return -errno;
	*ret_size = st.st_size;
	return base_take_fd(&fd);
}

/* One write for a line, which begins with a line break as well: were the one before cut short, by a
 * full filesystem, this one is whole all the same. */
static void write_event(int fd, const struct cow_pool *pool, enum cow_pool_event_kind kind)
{
	char line[POOL_EVENT_MAX];
	struct timespec now = {0};
	int length;

	clock_gettime(CLOCK_REALTIME, &now);
	length = snprintf(line, sizeof(line), "\n%" PRId64 ".%09ld %s %s %s\n", (int64_t)now.tv_sec,
			  now.tv_nsec, cow_pool_event_name(kind), pool->uuid, pool->name);
	if (length < (int)sizeof(line))
		(void)!write(fd, line, (size_t)length);
}

void pool_announce(const struct cow_pool_store *store, const struct cow_pool *pool,
		   enum cow_pool_event_kind kind)
{
	BASE_CLEANUP(fd) int dirfd = pool_store_open_runtime(store);
	BASE_CLEANUP(fd) int locked = dirfd < 0 ? -1 : lock(dirfd);
	BASE_CLEANUP(fd) int fd = -1;
	off_t size = 0;

	if (locked < 0)
		return;
	fd = open_events(dirfd, &size);
	if (fd >= 0 && size > POOL_EVENTS_MAX &&
	    renameat(dirfd, POOL_EVENTS, dirfd, POOL_EVENTS_EARLIER) == 0) {
		close(fd);
		fd = open_events(dirfd, &size);
	}
	if (fd >= 0)
		write_event(fd, pool, kind);
}
