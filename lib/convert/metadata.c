/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All that makes the copy the same file to everybody: owner, mode, flags, project, extended
 * attributes (xattr.c), times. What can't be kept is an error, and what was set is read back. */
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>

#include <cow/attr.h>

#include "base/error.h"
#include "base/text.h"
#include "convert/convert.h"

#define COMPRESSION_FLAGS (COW_ATTR_COMPRESS | COW_ATTR_NOCOMPRESS)

/* Of how ext4 lays a file out, which is its own affair. */
#define LAYOUT_FLAGS (FS_EXTENT_FL | FS_INLINE_DATA_FL | FS_HUGE_FILE_FL | FS_INDEX_FL)
/* What XFS has besides the flags that all know: where and in which units a file is laid out. */
#define KEPT_XFLAGS                                                                                \
	(FS_XFLAG_REALTIME | FS_XFLAG_NODEFRAG | FS_XFLAG_FILESTREAM | FS_XFLAG_EXTSIZE |          \
	 FS_XFLAG_COWEXTSIZE)

/* Compression and NOCOW exclude each other: an image loses the one with the other, and one that was
 * NOCOW gets what its directory hands down. */
bool convert_leaves_compression(const struct convert *c)
{
	return c->nocow || c->flags & COW_ATTR_NOCOW;
}

/* All flags follow the file but the one that the conversion is about, and what goes with it. */
static uint32_t left_flags(const struct convert *c)
{
	return COW_ATTR_NOCOW | LAYOUT_FLAGS |
	       (convert_leaves_compression(c) ? COMPRESSION_FLAGS : 0);
}

static int set_flags(const struct convert *c, uint32_t left, struct cow_error *err)
{
	if (cow_attr_change(c->copy, c->flags & ~left, ~c->flags & ~left, NULL) == 0)
		return 0;
	return base_refuse(err, EOPNOTSUPP, COW_CODE_REFUSED,
			   "the flags of %s can't be had by its copy (lsattr shows them)",
			   BASE_QUOTE(c->name));
}

/* chown first: it clears capabilities and set-id bits, so these come after it. */
static int copy_owner_and_mode(const struct convert *c, struct cow_error *err)
{
	if (fchown(c->copy, c->before.st_uid, c->before.st_gid) < 0)
		return base_remedy(
			err, base_fail(err, errno, "keep the owner of %s", BASE_QUOTE(c->name)),
			"try as root");
	if (fchmod(c->copy, c->before.st_mode & 07777) < 0)
		return base_fail(err, errno, "keep the mode of %s", BASE_QUOTE(c->name));
	return 0;
}

static bool same_layout(const struct fsxattr *a, const struct fsxattr *b)
{
	return !((a->fsx_xflags ^ b->fsx_xflags) & KEPT_XFLAGS) && a->fsx_projid == b->fsx_projid &&
	       a->fsx_extsize == b->fsx_extsize && a->fsx_cowextsize == b->fsx_cowextsize;
}

/* The project, for quotas, and what of XFS can be set on an empty file only. Btrfs has neither. */
static int copy_layout(const struct convert *c, struct cow_error *err)
{
	struct fsxattr original, copy;

	if (ioctl(c->original, FS_IOC_FSGETXATTR, &original) < 0 ||
	    ioctl(c->copy, FS_IOC_FSGETXATTR, &copy) < 0 || same_layout(&original, &copy))
		return 0;
	copy.fsx_xflags = (copy.fsx_xflags & ~KEPT_XFLAGS) | (original.fsx_xflags & KEPT_XFLAGS);
	copy.fsx_projid = original.fsx_projid;
	copy.fsx_extsize = original.fsx_extsize;
	copy.fsx_cowextsize = original.fsx_cowextsize;
	if (ioctl(c->copy, FS_IOC_FSSETXATTR, &copy) < 0)
		return base_fail(err, errno, "keep project and extent size of %s",
				 BASE_QUOTE(c->name));
	if (ioctl(c->copy, FS_IOC_FSGETXATTR, &copy) == 0 && same_layout(&original, &copy))
		return 0;
	return base_refuse(err, EIO, COW_CODE_REFUSED,
			   "project or extent size of the copy of %s do not read back",
			   BASE_QUOTE(c->name));
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static int read_back(const struct convert *c, struct cow_error *err)
{
	uint32_t flags = 0;
	struct stat st;
	int r = cow_attr_get(c->copy, &flags, err);

	if (r < 0)
		return r;
	if (fstat(c->copy, &st) < 0)
		return base_fail(err, errno, "look at the copy of %s", BASE_QUOTE(c->name));
	if (!!(flags & COW_ATTR_NOCOW) == c->nocow && !((flags ^ c->flags) & ~left_flags(c)) &&
	    st.st_size == c->before.st_size && st.st_mode == c->before.st_mode &&
	    st.st_uid == c->before.st_uid && st.st_gid == c->before.st_gid &&
	    same_time(&st.st_mtim, &c->before.st_mtim))
		return 0;
	return base_refuse(err, EIO, COW_CODE_REFUSED,
			   "size, owner, mode, flags or times of the copy of %s do not read back",
			   BASE_QUOTE(c->name));
}

bool convert_metadata_is_same(const struct convert *c)
{
	struct stat now;

	return fstat(c->original, &now) == 0 && now.st_nlink == 1 &&
	       now.st_size == c->before.st_size && now.st_mode == c->before.st_mode &&
	       now.st_uid == c->before.st_uid && now.st_gid == c->before.st_gid &&
	       same_time(&now.st_mtim, &c->before.st_mtim) && convert_xattrs_are_same(c);
}

/* Flags before attributes: setting any flag makes Btrfs forget by which method to compress. */
static int copy_all(const struct convert *c, uint32_t left, struct cow_error *err)
{
	int r;

	if ((r = copy_owner_and_mode(c, err)) < 0 || (r = set_flags(c, left, err)) < 0 ||
	    (r = convert_copy_xattrs(c, err)) < 0)
		return r;
	return copy_layout(c, err);
}

/* Each write to a file that is to be synchronous waits for the disk, so that comes last. */
int convert_try_metadata(struct convert *c, struct cow_error *err)
{
	return copy_all(c, left_flags(c) | COW_ATTR_SYNC, err);
}

int convert_copy_metadata(struct convert *c, struct cow_error *err)
{
	const struct timespec times[2] = {c->before.st_atim, c->before.st_mtim};
	int r = copy_all(c, left_flags(c), err);

	if (r < 0)
		return r;
	/* Last, for everything above changes them. */
	if (futimens(c->copy, times) < 0)
		return base_fail(err, errno, "keep the times of %s", BASE_QUOTE(c->name));
	r = read_back(c, err);
	if (r < 0)
		return r;
	if (fsync(c->copy) < 0)
		return base_fail(err, errno, "write the copy of %s to disk", BASE_QUOTE(c->name));
	return 0;
}

int convert_copy_flags(struct convert *c, struct cow_error *err)
{
	uint32_t flags = 0;
	int r = set_flags(c, left_flags(c), err);

	if (r == 0)
		r = cow_attr_get(c->copy, &flags, err);
	if (r < 0 || !!(flags & COW_ATTR_NOCOW) == c->nocow)
		return r;
	return base_refuse(err, EIO, COW_CODE_REFUSED,
			   "the NOCOW flag of the copy of %s does not read back",
			   BASE_QUOTE(c->name));
}

/* libvirt gives a file back to its owner by its path when a mirror or a guest leaves it; the path
 * of both files is the same here, so that it takes the wrong one for it. What the image had while
 * its guest runs is therefore kept on an unnamed file, and given to whatever the guest ends up on.
 */
static int give_metadata(const struct convert *c, int from, int to, struct cow_error *err)
{
	struct convert pair = *c;
	uint32_t flags = 0;
	int r;

	pair.original = from;
	pair.copy = to;
	if (fstat(from, &pair.before) < 0)
		return base_fail(err, errno, "look at %s", BASE_QUOTE(c->name));
	/* Of what an earlier run left nobody has read the flags yet. */
	r = cow_attr_get(from, &pair.flags, err);
	if (r == 0)
		r = cow_attr_get(to, &flags, err);
	pair.nocow = flags & COW_ATTR_NOCOW;
	return r < 0 ? r : convert_try_metadata(&pair, err);
}

int convert_shelve(struct convert *c, int fd, struct cow_error *err)
{
	c->shelf = openat(c->dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (c->shelf < 0)
		return base_fail(err, errno, "create an unnamed file beside %s",
				 BASE_QUOTE(c->name));
	return give_metadata(c, fd, c->shelf, err);
}

int convert_give_shelved(struct convert *c, int fd, struct cow_error *err)
{
	return give_metadata(c, c->shelf, fd, err);
}

void convert_forget_users(int fd)
{
	static const char prefix[] = "trusted.libvirt.";
	char names[4096];
	ssize_t n = flistxattr(fd, names, sizeof(names));

	for (ssize_t at = 0; at < n; at += (ssize_t)strlen(names + at) + 1)
		if (base_starts(names + at, prefix))
			fremovexattr(fd, names + at);
}
