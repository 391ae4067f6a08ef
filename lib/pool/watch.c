/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hear of what is done to pools: read on in the file of events, whenever something has become of
 * its directory. */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/run.h"
#include "base/text.h"
#include "pool/event.h"

struct cow_pool_watch {
	char *directory;           /* of the events; it may not be there yet */
	char uuid[POOL_UUID_SIZE]; /* of the one pool, or "" */
	int inotify;
	int directory_watch; /* of the directory, or the nearest one above it that is there */
	int fd;              /* the file that is being read, -1 while there is none */
	off_t offset;
	char buffer[4096]; /* read and not looked at yet */
	size_t used;
	struct cow_pool_event event;
	char line[POOL_EVENT_MAX], event_uuid[POOL_UUID_SIZE]; /* what it points to */
};

COW_EXPORT void cow_pool_watch_free(struct cow_pool_watch *watch)
{
	if (!watch)
		return;
	base_cleanup_fd(&watch->fd);
	base_cleanup_fd(&watch->inotify);
	free(watch->directory);
	free(watch);
}

DEFINE_CLEANUP(watch, struct cow_pool_watch *, cow_pool_watch_free, NULL)

/* The file that has the name now, if it is another one than is being read: -1 otherwise. Whoever
 * could write there could have put anything in its place. */
static int open_other(const struct cow_pool_watch *watch)
{
	BASE_CLEANUP(free) char *path = base_format("%s/" POOL_EVENTS, watch->directory);
	BASE_CLEANUP(fd)
	int fd = path ? base_open_quietly(AT_FDCWD, path, O_RDONLY | O_NOFOLLOW) : -1;
	struct stat st, read;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -1;
	if (watch->fd >= 0 && fstat(watch->fd, &read) == 0 && base_same_file(&st, &read))
		return -1;
	return base_take_fd(&fd);
}

/* Is the file that was read to its end the one before the one that has its name now, whole? */
static bool is_earlier(const struct cow_pool_watch *watch)
{
	BASE_CLEANUP(free) char *path = base_format("%s/" POOL_EVENTS_EARLIER, watch->directory);
	struct stat st, read;

	return path && fstat(watch->fd, &read) == 0 && lstat(path, &st) == 0 &&
	       base_same_file(&st, &read);
}

static int fail_missed(const struct cow_pool_watch *watch, struct cow_error *err)
{
	return base_remedy(err,
			   base_refuse(err, EOVERFLOW, COW_CODE_CHANGED,
				       "events in %s may have been missed",
				       BASE_QUOTE(watch->directory)),
			   "look at the pools again: cowctl pool list");
}

static int change_file(struct cow_pool_watch *watch, int *fd, struct cow_error *err)
{
	bool missed = watch->fd >= 0 && !is_earlier(watch);

	base_cleanup_fd(&watch->fd);
	watch->fd = base_take_fd(fd);
	watch->offset = 0;
	watch->used = 0;
	return missed ? fail_missed(watch, err) : 1;
}

/* Read on. That another file has the name is looked for before the end of this one: nothing is
 * written to it any more then. @return 1, 0 there is nothing new, or -errno. */
static int refill(struct cow_pool_watch *watch, struct cow_error *err)
{
	BASE_CLEANUP(fd) int other = open_other(watch);
	ssize_t n = 0;
	struct stat st;

	if (watch->fd >= 0)
		n = pread(watch->fd, watch->buffer + watch->used,
			  sizeof(watch->buffer) - watch->used, watch->offset);
	if (n < 0)
		return base_fail(err, errno, "read the events in %s", BASE_QUOTE(watch->directory));
	if (n > 0) {
		watch->used += (size_t)n;
		watch->offset += n;
		return 1;
	}
	if (other >= 0)
		return change_file(watch, &other, err);
	if (watch->fd < 0 || fstat(watch->fd, &st) < 0 || st.st_size >= watch->offset)
		return 0;
	watch->offset = 0; /* somebody cut it short */
	return fail_missed(watch, err);
}

/* A whole line, which is passed over when it is none of ours by its length. */
static bool take_line(struct cow_pool_watch *watch)
{
	char *end = memchr(watch->buffer, '\n', watch->used);
	size_t length = end ? (size_t)(end - watch->buffer) : 0;

	if (!end) {
		if (watch->used == sizeof(watch->buffer))
			watch->used = 0;
		return false;
	}
	watch->line[0] = '\0';
	if (length < sizeof(watch->line))
		memcpy(mempcpy(watch->line, watch->buffer, length), "", 1);
	watch->used -= length + 1;
	memmove(watch->buffer, end + 1, watch->used);
	return true;
}

static bool parse_time(const char *text, struct cow_pool_event *event)
{
	char *end;
	unsigned long fraction;

	event->seconds = strtoll(text, &end, 10);
	if (end == text || *end != '.')
		return false;
	text = end + 1;
	fraction = strtoul(text, &end, 10);
	event->nanoseconds = (uint32_t)fraction;
	return end == text + 9 && !*end && fraction < 1000000000;
}

/* Does the line tell of an event? Whatever it holds, nothing but what a pool can have is shown. */
static bool parse_line(struct cow_pool_watch *watch)
{
	struct cow_pool_event *event = &watch->event;
	char *rest = watch->line;
	const char *when = strsep(&rest, " "), *kind = strsep(&rest, " ");
	const char *uuid = strsep(&rest, " ");

	if (!rest || !parse_time(when, event) || pool_uuid_parse(uuid, watch->event_uuid) < 0)
		return false;
	event->kind = pool_event_from_name(kind);
	event->name = rest;
	event->uuid = watch->event_uuid;
	return event->kind != COW_POOL_EVENT_UNKNOWN && pool_name_check(rest, NULL) == 0;
}

static bool is_wanted(const struct cow_pool_watch *watch)
{
	return !*watch->uuid || base_equal(watch->uuid, watch->event_uuid);
}

/* The next event there is: 1, 0 there is none, or -errno. */
static int find(struct cow_pool_watch *watch, struct cow_error *err)
{
	int r;

	do {
		while (take_line(watch))
			if (parse_line(watch) && is_wanted(watch))
				return 1;
		r = refill(watch, err);
	} while (r > 0);
	return r;
}

#define MASK (IN_CREATE | IN_MOVED_TO | IN_MODIFY | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

/* Have the kernel tell of the directory, or of the nearest one above it that is there.
 * @return 1 when it is another one than before, 0, or -errno. */
static int follow(struct cow_pool_watch *watch, struct cow_error *err)
{
	BASE_CLEANUP(free) char *path = strdup(watch->directory);
	int before = watch->directory_watch, found;

	if (!path)
		return base_fail(err, ENOMEM, "watch a directory");
	while ((found = inotify_add_watch(watch->inotify, path, MASK)) < 0) {
		char *slash = strrchr(path, '/');

		if (errno != ENOENT || !slash || slash == path)
			return base_fail(err, errno, "watch directory %s", BASE_QUOTE(path));
		*slash = '\0';
	}
	watch->directory_watch = found;
	if (found == before)
		return 0;
	inotify_rm_watch(watch->inotify, before);
	return 1;
}

/* Until something becomes of the directory, what it was doesn't matter.
 * @return 1, 0 when time is up or a signal came, or -errno. */
static int wait_for_change(const struct cow_pool_watch *watch, int timeout_ms,
			   struct cow_error *err)
{
	struct pollfd fd = {.fd = watch->inotify, .events = POLLIN};
	char changes[4096];
	int r = poll(&fd, 1, timeout_ms);

	if (r > 0 && read(watch->inotify, changes, sizeof(changes)) < 0 && errno != EAGAIN)
		r = -1;
	if (r < 0 && errno != EINTR)
		return base_fail(err, errno, "wait for events");
	return r > 0;
}

COW_EXPORT int cow_pool_watch_next(struct cow_pool_watch *watch, int timeout_ms,
				   const struct cow_pool_event **ret_event, struct cow_error *err)
{
	long end = base_now_ms() + timeout_ms;
	int r;

	while ((r = find(watch, err)) == 0) {
		long left = timeout_ms < 0 ? -1 : end - base_now_ms();

		/* What came before another directory is watched has to be looked for. */
		r = follow(watch, err);
		if (r == 0)
			r = wait_for_change(watch, timeout_ms >= 0 && left < 0 ? 0 : (int)left,
					    err);
		if (r <= 0)
			return r;
	}
	if (r > 0)
		*ret_event = &watch->event;
	return r;
}

COW_EXPORT int cow_pool_watch_new(const struct cow_pool_store *store, const struct cow_pool *pool,
				  struct cow_pool_watch **ret, struct cow_error *err)
{
	BASE_CLEANUP(watch) struct cow_pool_watch *watch = calloc(1, sizeof(*watch));
	int r = pool ? pool_store_check_own(pool, err) : 0;

	if (r < 0)
		return r;
	if (!watch)
		return base_fail(err, ENOMEM, "watch pools");
	watch->fd = watch->directory_watch = -1;
	watch->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (watch->inotify < 0)
		return base_fail(err, errno, "watch pools");
	watch->directory = strdup(store->runtime);
	if (!watch->directory)
		return base_fail(err, ENOMEM, "watch pools");
	if (pool)
		base_copy(watch->uuid, sizeof(watch->uuid), pool->uuid);
	/* From here on. */
	watch->fd = open_other(watch);
	if (watch->fd >= 0)
		watch->offset = lseek(watch->fd, 0, SEEK_END);
	r = follow(watch, err);
	if (r < 0)
		return r;
	*ret = base_take(watch);
	return 0;
}
