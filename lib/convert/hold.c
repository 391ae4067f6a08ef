/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <signal.h>
#include <sys/inotify.h>

#include "base/fd.h"
#include "convert/convert.h"
#include "stack/filesystem.h"

int convert_hold_lease(struct convert_hold *hold, int fd, int type)
{
	/* The break signal is SIGIO by default, which kills; SIGURG is ignored unless handled, so
	 * nothing of the program's signal set-up has to be touched. */
	if (fcntl(fd, F_SETSIG, SIGURG) < 0)
		return -errno;
	/* NFS and SMB say -EAGAIN as well when the server has not delegated the file to us, which
	 * it need not ever do. */
	if (fcntl(fd, F_SETLEASE, type) < 0)
		return errno == EAGAIN && stack_is_served(fd) ? -EINVAL : -errno;
	hold->fd = fd;
	hold->lease = type;
	return 0;
}

int convert_hold_lease_alone(struct convert_hold *hold, int fd)
{
	int r = -EAGAIN;

	for (int i = 0; r == -EAGAIN && i < CONVERT_HOLD_TRIES; i++) {
		if (i)
			convert_wait_us(CONVERT_HOLD_WAIT_US);
		r = convert_hold_lease(hold, fd, F_WRLCK);
	}
	return r;
}

/* Byte 100 + p: "I use permission p"; 200 + p: "nobody else may"; p from 0 to 4. A shared lock is
 * how QEMU sets them itself, and needs no descriptor open for writing. Byte 200, which denies even
 * reading, makes QEMU give up at once that has been given the image with -drive: it first opens one
 * for reading only, and would go on to open it for writing, which breaks the lease and with it the
 * conversion. libvirt has it do that before it looks at any lock: then the guest comes first. */
static int set_lock_bytes(int fd, short type)
{
	static const off_t first[] = {100, 200};

	for (size_t i = 0; i < BASE_ARRAY_SIZE(first); i++) {
		struct flock lock = {
			.l_type = type, .l_whence = SEEK_SET, .l_start = first[i], .l_len = 5};

		if (fcntl(fd, F_OFD_SETLK, &lock) < 0)
			return -errno;
	}
	return 0;
}

int convert_hold_lock(struct convert_hold *hold)
{
	return set_lock_bytes(hold->fd, F_RDLCK);
}

void convert_hold_unlock(int fd)
{
	set_lock_bytes(fd, F_UNLCK);
}

static bool is_locked(int fd, off_t first, off_t count)
{
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = first, .l_len = count};

	return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

bool convert_hold_sees_writer(int fd)
{
	return is_locked(fd, CONVERT_HOLD_WRITES, CONVERT_HOLD_RESIZES + 1 - CONVERT_HOLD_WRITES);
}

bool convert_hold_sees_sharer(int fd)
{
	/* Byte 201: "nobody else may write". */
	return convert_hold_sees_writer(fd) && !is_locked(fd, 201, 1);
}

bool convert_hold_sees_user(int fd)
{
	/* Asked as if all its bytes were to be had alone. */
	return is_locked(fd, 100, 105);
}

/* An open() counts as a user first, then runs permission hooks, which may take long (a virus
 * scanner behind fanotify), and only then breaks leases. Until that moment the lease looks whole,
 * but it could not be had any more: so a write lease is taken once more, which looks at the users.
 */
bool convert_hold_intact(const struct convert_hold *hold)
{
	if (hold->lease == F_UNLCK || fcntl(hold->fd, F_GETLEASE) != hold->lease)
		return false;
	return hold->lease != F_WRLCK || fcntl(hold->fd, F_SETLEASE, F_WRLCK) == 0;
}

void convert_hold_release_lease(struct convert_hold *hold)
{
	if (hold->lease != F_UNLCK)
		fcntl(hold->fd, F_SETLEASE, F_UNLCK);
	hold->lease = F_UNLCK;
}

void convert_hold_release(struct convert_hold *hold)
{
	set_lock_bytes(hold->fd, F_UNLCK);
	convert_hold_release_lease(hold);
}

int convert_hold_watch(int fd)
{
	BASE_CLEANUP(fd) int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	if (watch < 0 || inotify_add_watch(watch, BASE_FD_PATH(fd), IN_CLOSE_WRITE) < 0)
		return -1;
	return base_take_fd(&watch);
}

bool convert_hold_saw_writer(int watch)
{
	char events[sizeof(struct inotify_event) + NAME_MAX + 1];
	bool saw = false;

	while (read(watch, events, sizeof(events)) > 0)
		saw = true;
	return saw;
}

bool convert_is_open(int fd)
{
	struct convert_hold hold = {.fd = fd, .lease = F_UNLCK};
	int r = convert_hold_lease(&hold, fd, F_WRLCK);

	convert_hold_release_lease(&hold);
	return r == -EAGAIN;
}
