/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/fd.h"
#include "image/qemu.h"

/* Does the filesystem hold a lock against the very descriptor that has it? SMB does, of a file that
 * is open twice, as each image is that qemu-img gets from us: it looks whether anybody else has the
 * lock that it has just got. */
static bool locks_itself(int fd)
{
	struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 203, .l_len = 1};
	BASE_CLEANUP(fd) int again = base_fd_reopen(fd, O_RDWR);

	if (again < 0 || fcntl(again, F_OFD_SETLK, &lock) < 0)
		return false;
	lock.l_type = F_WRLCK;
	return fcntl(again, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/* QEMU measures how fast it derives a key, in a thread of its own, and gives up where that thread
 * has spent no time in user mode: which the kernel finds where its first tick, of up to 10 ms, came
 * while the thread was being set up and the second after the measurement. Tries that follow one
 * another at once meet the ticks alike, and would all fail: each waits a little longer than the
 * last. */
#define LUCK_TRIES   64
#define LUCK_WAIT_NS 300000

static int run(const char *const *argv, int fd, int timeout_ms, const struct base_watch *watch,
	       struct cow_error *err)
{
	struct timespec wait = {0};
	struct cow_error own = {0};
	int r;

	for (int i = 0; i < LUCK_TRIES; i++) {
		r = base_run_watched(argv, fd, timeout_ms, watch, NULL, &own);
		if (r == 0 || !strstr(own.message, "accurate CPU usage"))
			break;
		wait.tv_nsec += LUCK_WAIT_NS;
		nanosleep(&wait, NULL);
	}
	if (r < 0 && err)
		*err = own;
	return r;
}

int image_qemu_run(const char *const *argv, int fd, int timeout_ms, const struct base_watch *watch,
		   struct cow_error *err)
{
	int r = run(argv, fd, timeout_ms, watch, err);

	if (r < 0 && r != -ECANCELED && locks_itself(fd))
		return base_remedy(err, r,
				   "its filesystem takes QEMU's locks for those of somebody else: "
				   "mount it with the option nobrl");
	return r;
}
