/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/fd.h"
#include "base/text.h"

#define FD_DIRECTORY "/proc/self/fd/"

const char *base_fd_path(int fd, char buffer[BASE_FD_PATH_MAX])
{
	snprintf(buffer, BASE_FD_PATH_MAX, FD_DIRECTORY "%d", fd);
	return buffer;
}

bool base_is_fd_path(const char *path)
{
	return base_starts(path, FD_DIRECTORY);
}

char *base_fd_place(int fd)
{
	char place[PATH_MAX];
	ssize_t n = readlink(BASE_FD_PATH(fd), place, sizeof(place));

	return n < 0 ? NULL : strndup(place, (size_t)n);
}

int base_open_quietly(int dirfd, const char *name, int flags)
{
	int fd;

	flags |= O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	fd = openat(dirfd, name, flags | O_NOATIME);
	if (fd < 0 && errno == EPERM)
		fd = openat(dirfd, name, flags);
	return fd < 0 ? -errno : fd;
}

bool base_wait_for_others(unsigned *tries)
{
	const unsigned doublings = 10;
	const struct timespec time = {.tv_nsec = 1000000L << *tries};

	if (*tries == doublings)
		return false;
	++*tries;
	nanosleep(&time, NULL);
	return true;
}

int base_fd_reopen(int fd, int flags)
{
	return base_open_quietly(AT_FDCWD, BASE_FD_PATH(fd), flags);
}

DIR *base_directory_stream(int fd)
{
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	int errnum = errno;

	if (!stream && fd >= 0)
		close(fd);
	errno = errnum;
	return stream;
}

ssize_t base_pread_full(int fd, void *buffer, size_t size, off_t offset)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = pread(fd, (char *)buffer + done, size - done, offset + (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

ssize_t base_pwrite_full(int fd, const void *buffer, size_t size, off_t offset)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n =
			pwrite(fd, (const char *)buffer + done, size - done, offset + (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		/* POSIX leaves a write of 0 bytes open; don't spin on it. */
		if (n == 0)
			return -EIO;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

int base_read_text(int dirfd, const char *path, char **ret_text)
{
	BASE_CLEANUP(fd) int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -errno : base_read_open_text(fd, ret_text);
}

int base_read_open_text(int fd, char **ret_text)
{
	BASE_CLEANUP(free) char *text = NULL;
	size_t used = 0, size = 0;

	for (;;) {
		ssize_t n;

		if (size - used < 2) {
			char *bigger;

			size = size ? size * 2 : 4096;
			if (size > BASE_TEXT_MAX + 2)
				return -EFBIG;
			bigger = realloc(text, size);
			if (!bigger)
				return -ENOMEM;
			text = bigger;
		}
		n = read(fd, text + used, size - used - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		used += (size_t)n;
	}
	if (used && text[used - 1] == '\n')
		used--;
	text[used] = '\0';
	*ret_text = base_take(text);
	return 0;
}

int base_sync_directory(int dirfd)
{
	BASE_CLEANUP(fd) int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return -errno;
	return 0;
}
