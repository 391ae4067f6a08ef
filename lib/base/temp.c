/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/temp.h"

static void random_name(char *name, size_t size)
{
	uint64_t number = 0;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		number = (uint64_t)(uintptr_t)name ^ (uint64_t)getpid();
	snprintf(name, size, BASE_TEMP_PREFIX "%016" PRIx64, number);
}

/* One byte of a named one is locked as long as it is open, far behind all that anybody reads,
 * writes or locks (QEMU's own are from 100 on, and of a file on a server, all locks are in one
 * place): who can lock it knows that it was left behind. One that gets a name on its way to
 * replacing another file has it as well. @return 0 or -errno. */
static int claim(int fd)
{
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = INT64_MAX - 1, .l_len = 1};

	return fcntl(fd, F_OFD_SETLK, &lock) < 0 ? -errno : 0;
}

static bool is_name(const char *name)
{
	static const char digits[] = "0123456789abcdef";
	size_t prefix = strlen(BASE_TEMP_PREFIX);

	return !strncmp(name, BASE_TEMP_PREFIX, prefix) && strlen(name + prefix) == 16 &&
	       strspn(name + prefix, digits) == 16;
}

static void remove_left(int dirfd, const char *name)
{
	BASE_CLEANUP(fd) int fd = base_open_quietly(dirfd, name, O_RDWR | O_NOFOLLOW);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && claim(fd) == 0)
		unlinkat(dirfd, name, 0);
}

void base_temp_sweep(int dirfd)
{
	int fd = base_open_quietly(dirfd, ".", O_RDONLY | O_DIRECTORY);
	BASE_CLEANUP(directory) DIR *stream = base_directory_stream(fd);
	const struct dirent *entry;

	while (stream && (entry = readdir(stream)))
		if (is_name(entry->d_name))
			remove_left(fd, entry->d_name);
}

/* One that is taken away before it is claimed is made again. */
static int open_named(struct base_temp *temp)
{
	struct stat st = {.st_nlink = 1};

	do {
		if (temp->fd >= 0)
			close(temp->fd);
		random_name(temp->name, sizeof(temp->name));
		temp->fd = openat(temp->dirfd, temp->name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC,
				  0600);
		if (temp->fd < 0)
			return -errno;
	} while (claim(temp->fd) == -EAGAIN || (fstat(temp->fd, &st) == 0 && !st.st_nlink));
	return 0;
}

int base_temp_open(struct base_temp *temp, int dirfd, mode_t mode, struct cow_error *err)
{
	*temp = (struct base_temp)BASE_TEMP_INIT;
	temp->dirfd = dirfd;
	temp->fd = openat(dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
	/* No unnamed files here: EOPNOTSUPP from fuse, nfs, cifs, gfs2; EISDIR before 3.11. */
	if (temp->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR))
		open_named(temp);
	if (temp->fd < 0) {
		int errnum = errno;

		temp->name[0] = '\0';
		return base_fail(err, errnum, "create a temporary file");
	}
	/* Neither umask nor a default ACL of the directory has a say in the mode. */
	if (fchmod(temp->fd, mode) < 0) {
		int errnum = errno;

		base_temp_close(temp);
		return base_fail(err, errnum, "set the mode of a temporary file");
	}
	return 0;
}

/* Give it a name that must not exist: linkat never replaces, nor does RENAME_NOREPLACE, which not
 * every FUSE filesystem knows (EINVAL). */
static int name_new(struct base_temp *temp, const char *name)
{
	if (!temp->name[0])
		return linkat(AT_FDCWD, BASE_FD_PATH(temp->fd), temp->dirfd, name,
			      AT_SYMLINK_FOLLOW) < 0
			       ? -errno
			       : 0;
	if (renameat2(temp->dirfd, temp->name, temp->dirfd, name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL || linkat(temp->dirfd, temp->name, temp->dirfd, name, 0) < 0)
		return -errno;
	return unlinkat(temp->dirfd, temp->name, 0) < 0 ? -errno : 0;
}

/* Replacing takes a name of its own first: linkat can't, rename can. */
int base_temp_replace(struct base_temp *temp, const char *name)
{
	if (!temp->name[0]) {
		char own[sizeof(temp->name)];
		int r;

		random_name(own, sizeof(own));
		claim(temp->fd);
		r = name_new(temp, own);
		if (r < 0)
			return r;
		snprintf(temp->name, sizeof(temp->name), "%s", own);
	}
	if (renameat(temp->dirfd, temp->name, temp->dirfd, name) < 0)
		return -errno;
	temp->name[0] = '\0';
	return 0;
}

int base_temp_commit(struct base_temp *temp, const char *name, bool replace, struct cow_error *err)
{
	int r = fsync(temp->fd) < 0 ? -errno : 0;

	if (r < 0)
		return base_fail(err, -r, "write %s to disk", BASE_QUOTE(name));
	r = replace ? base_temp_replace(temp, name) : name_new(temp, name);
	if (r < 0)
		return base_fail(err, -r, "create %s", BASE_QUOTE(name));
	temp->name[0] = '\0';
	r = base_sync_directory(temp->dirfd);
	if (r < 0) {
		/* Who is told of a failure has no new file either. */
		if (!replace)
			unlinkat(temp->dirfd, name, 0);
		return base_fail(err, -r, "write the directory of %s to disk", BASE_QUOTE(name));
	}
	return 0;
}

void base_temp_close(struct base_temp *temp)
{
	int saved = errno;

	if (temp->name[0])
		unlinkat(temp->dirfd, temp->name, 0);
	if (temp->fd >= 0)
		close(temp->fd);
	*temp = (struct base_temp)BASE_TEMP_INIT;
	errno = saved;
}
