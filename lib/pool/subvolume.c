/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#if HAVE_BTRFSUTIL
#include <btrfsutil.h>
#endif

#include "base/error.h"
#include "base/fd.h"
#include "pool/subvolume.h"

int pool_no_subvolume(const char *path, struct cow_error *err)
{
	return base_refuse(err, EOPNOTSUPP, COW_CODE_UNSUPPORTED,
			   "%s can't be a subvolume: only Btrfs has them", BASE_QUOTE(path));
}

#if HAVE_BTRFSUTIL
bool pool_is_subvolume(int fd)
{
	return btrfs_util_is_subvolume_fd(fd) == BTRFS_UTIL_OK;
}

int pool_make_subvolume(int dirfd, const char *name, const char *path, struct cow_error *err)
{
	/* The parent is O_PATH, an ioctl needs more. */
	BASE_CLEANUP(fd) int fd = base_fd_reopen(dirfd, O_RDONLY | O_DIRECTORY);
	enum btrfs_util_error error;

	if (fd < 0)
		return base_fail(err, -fd, "make a subvolume at %s", BASE_QUOTE(path));
	error = btrfs_util_create_subvolume_fd(fd, name, 0, NULL, NULL);
	/* ENOTTY: the ioctl of a filesystem that has no subvolumes. */
	if (error && errno == ENOTTY)
		return pool_no_subvolume(path, err);
	return error ? base_fail(err, errno, "make a subvolume at %s", BASE_QUOTE(path)) : 0;
}
#else
bool pool_is_subvolume(int fd)
{
	(void)fd;
	return false;
}

int pool_make_subvolume(int dirfd, const char *name, const char *path, struct cow_error *err)
{
	(void)dirfd, (void)name;
	return base_refuse(err, EOPNOTSUPP, COW_CODE_UNSUPPORTED,
			   "%s can't be a subvolume: built without libbtrfsutil", BASE_QUOTE(path));
}
#endif
