/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BASE_FD_H
#define BASE_FD_H

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/macro.h"

DEFINE_CLEANUP(fd, int, close, -1)
DEFINE_CLEANUP(file, FILE *, fclose, NULL)
DEFINE_CLEANUP(directory, DIR *, closedir, NULL)

static inline int base_take_fd(int *fd)
{
	int value = *fd;

	*fd = -1;
	return value;
}

/* Open without a mark on the file and without waiting: no access time where we may ask for that
 * (the owner may, and root), no controlling terminal, no wait for a FIFO or for somebody's lease.
 * @return fd or -errno. */
int base_open_quietly(int dirfd, const char *name, int flags);

/* Wait a moment, longer each time, to try again what somebody was in the way of. Count in `tries`
 * from 0. @return false after about a second. */
bool base_wait_for_others(unsigned *tries);

/* Open what a descriptor refers to once more, with other flags, quietly; works on O_PATH
 * descriptors and on unnamed files. @return fd or -errno. */
int base_fd_reopen(int fd, int flags);

/* The names in a directory, to be closed with closedir(). Takes fd over, which may be the -1 of a
 * failed open. @return NULL with errno. */
DIR *base_directory_stream(int fd);

/* The magic name of a descriptor, for calls that take only paths. */
#define BASE_FD_PATH_MAX 32
#define BASE_FD_PATH(fd) base_fd_path((fd), (char[BASE_FD_PATH_MAX]){0})
const char *base_fd_path(int fd, char buffer[BASE_FD_PATH_MAX]);
bool base_is_fd_path(const char *path);
/* Where it is, as the kernel has it: no path is walked, on which somebody may have put a symlink.
 * @return NULL with errno. */
char *base_fd_place(int fd);

/* Are these of one file? */
static inline bool base_same_file(const struct stat *one, const struct stat *two)
{
	return one->st_dev == two->st_dev && one->st_ino == two->st_ino;
}

/* pread/pwrite until all of it is done, EINTR included.
 * @return bytes (less than size only at the end of the file), or -errno. */
ssize_t base_pread_full(int fd, void *buffer, size_t size, off_t offset);
ssize_t base_pwrite_full(int fd, const void *buffer, size_t size, off_t offset);

/* Read a small text file (sysfs, procfs) whole; the trailing newline is cut.
 * @return 0, or -errno; -EFBIG beyond 1 MiB. */
#define BASE_TEXT_MAX ((1u << 20) - 2) /* bytes that it reads */
int base_read_text(int dirfd, const char *path, char **ret_text);
int base_read_open_text(int fd, char **ret_text);

/* fsync the directory behind dirfd (which may be AT_FDCWD or O_PATH). */
int base_sync_directory(int dirfd);

#endif
