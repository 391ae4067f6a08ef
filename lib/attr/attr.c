/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <cow/attr.h>

#include "base/error.h"
#include "base/text.h"

static int check_type(int fd, struct cow_error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return base_fail(err, errno, "look at a file");
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return base_fail(err, EINVAL, "only files and directories have inode flags");
	return 0;
}

COW_EXPORT int cow_attr_get(int fd, uint32_t *ret_flags, struct cow_error *err)
{
	/* The ioctl is declared with long but the kernel moves an int (linux/fs.h). */
	unsigned int flags = 0;
	int r = check_type(fd, err);

	if (r < 0)
		return r;
	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		return base_fail(err, errno, "read inode flags");
	*ret_flags = flags;
	return 0;
}

static int fail_to_set(int errnum, uint32_t wanted, struct cow_error *err)
{
	const uint32_t compression = COW_ATTR_COMPRESS | COW_ATTR_NOCOMPRESS;

	/* Btrfs answers EINVAL both ways; gfs2 does so without a cause of ours. */
	if (errnum == EINVAL && (wanted & COW_ATTR_NOCOW) && (wanted & compression))
		return base_remedy(
			err,
			base_fail_code(err, errnum, COW_CODE_CONFLICT,
				       "NOCOW and a compression flag exclude each other"),
			"clear the compression flag first: chattr -c -m");
	/* Zoned Btrfs says EPERM to everybody: for the owner that is no matter of rights. */
	if (errnum == EINVAL)
		return base_fail_code(err, errnum, COW_CODE_UNSUPPORTED, "set inode flags");
	return base_fail(err, errnum, "set inode flags");
}

static int fail_to_keep(int fd, uint32_t missing, struct cow_error *err)
{
	struct stat st;

	if ((missing & COW_ATTR_NOCOW) && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size)
		return base_fail_code(err, ENOTEMPTY, COW_CODE_NOT_HONOURED,
				      "NOCOW can't be changed on a file that has data");
	return base_fail_code(err, EOPNOTSUPP, COW_CODE_NOT_HONOURED,
			      "the filesystem accepted inode flags but did not keep them");
}

COW_EXPORT int cow_attr_change(int fd, uint32_t set, uint32_t clear, struct cow_error *err)
{
	uint32_t before = 0, after = 0, wanted;
	unsigned int flags;
	int r = cow_attr_get(fd, &before, err);

	if (r < 0)
		return r;
	wanted = (before & ~clear) | set;
	if (wanted == before)
		return 0;
	flags = wanted;
	if (ioctl(fd, FS_IOC_SETFLAGS, &flags) < 0)
		return fail_to_set(errno, wanted, err);
	r = cow_attr_get(fd, &after, err);
	if (r < 0)
		return r;
	/* Only what was asked for is judged: the kernel keeps flags of its own in the same word. */
	if ((after ^ wanted) & (set | clear))
		return fail_to_keep(fd, (after ^ wanted) & (set | clear), err);
	return 0;
}

COW_EXPORT int cow_attr_set_nocow(int fd, bool nocow, struct cow_error *err)
{
	return cow_attr_change(fd, nocow ? COW_ATTR_NOCOW : 0, nocow ? 0 : COW_ATTR_NOCOW, err);
}
