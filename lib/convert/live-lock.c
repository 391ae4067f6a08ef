/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The lock of a guest, which goes with whoever holds it: a byte of a file that only those can open
 * who may convert its disks. (What anybody can take, somebody may keep for ever.)
 */
#include <fcntl.h>

#include "base/error.h"
#include "base/text.h"
#include "convert/convert.h"
#include "convert/live.h"

#define LOCKS "cowctl-guests.lock"
/* For another run, which has the guest stand still for some hundredths of a second. */
#define TRIES   3000
#define WAIT_US 20000

/* Without a runtime directory the cache has to do, as for a session's pools. */
static char *find_locks(void)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR"), *home = getenv("HOME");
	BASE_CLEANUP(free) char *cache = NULL;

	if (geteuid() == 0)
		return strdup("/run/" LOCKS);
	if (runtime && runtime[0] == '/')
		return base_format("%s/" LOCKS, runtime);
	cache = base_format("%s/.cache", home ? home : "");
	if (!cache)
		return NULL;
	mkdir(cache, 0700); /* as whoever needs it first does */
	return base_format("%s/" LOCKS, cache);
}

/* The file stays: one that is removed would be locked by two. */
static int open_locks(struct cow_error *err)
{
	BASE_CLEANUP(free) char *path = find_locks();
	int fd;

	if (!path)
		return base_fail(err, ENOMEM, "find the locks of guests");
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? base_fail(err, errno, "open %s", BASE_QUOTE(path)) : fd;
}

static int lock(int fd, uint64_t id)
{
	struct flock range = {.l_type = F_WRLCK,
			      .l_whence = SEEK_SET,
			      .l_start = (off_t)(id & INT64_MAX >> 1),
			      .l_len = 1};

	for (int i = 0; fcntl(fd, F_OFD_SETLK, &range) < 0; i++) {
		if ((errno != EAGAIN && errno != EACCES) || i == TRIES)
			return -errno;
		convert_wait_us(WAIT_US);
	}
	return 0;
}

int convert_live_hold(struct convert_live *live, struct cow_error *err)
{
	BASE_CLEANUP(fd) int fd = -1;
	int r;

	if (live->lock >= 0)
		return 0;
	r = fd = open_locks(err);
	if (r < 0)
		return r;
	r = lock(fd, live->id);
	if (r < 0)
		return base_fail(err, -r, "wait for another conversion of a disk of the guest %s",
				 BASE_QUOTE(live->guest));
	live->lock = base_take_fd(&fd);
	return 0;
}

void convert_live_hold_no_more(struct convert_live *live)
{
	if (live->lock >= 0)
		close(live->lock);
	live->lock = -1;
}
