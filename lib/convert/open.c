/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <sys/xattr.h>

#include <cow/attr.h>

#include "base/error.h"
#include "base/text.h"
#include "convert/convert.h"
#include "convert/open.h"

int convert_fail_in_use(const char *name, const struct stat *st, struct cow_error *err)
{
	char holder[128];
	int r;

	convert_find_holder(st, holder, sizeof(holder));
	r = base_refuse(err, EBUSY, COW_CODE_BUSY, "%s is in use%s%s", BASE_QUOTE(name),
			holder[0] ? " by " : "", holder);
	return base_remedy(err, r, "shut the guest down or close the image, then try again");
}

int convert_fail_to_hold(const char *name, int r, struct cow_error *err)
{
	if (r != -EACCES)
		return base_fail_code(err, -r, COW_CODE_REFUSED,
				      "whether anybody uses %s can't be known here: take a lease",
				      BASE_QUOTE(name));
	return base_remedy(err, base_fail(err, EACCES, "take a lease on %s", BASE_QUOTE(name)),
			   "only its owner or root can be sure that nobody uses it");
}

void convert_tell(const struct cow_error *own, char reason[CONVERT_REASON_SIZE],
		  char remedy[CONVERT_REMEDY_SIZE], struct cow_error *err)
{
	base_copy_format(reason, CONVERT_REASON_SIZE, "%s%s%s", own->message,
			 own->errnum ? ": " : "", own->errnum ? strerror(own->errnum) : "");
	base_copy(remedy, CONVERT_REMEDY_SIZE, own->remedy);
	if (err)
		*err = *own;
}

static int check_type(const char *name, mode_t mode, struct cow_error *err)
{
	static const struct {
		mode_t type;
		const char *what, *remedy;
	} others[] = {
		{S_IFLNK, "a symbolic link", "name the file it points to"},
		{S_IFDIR, "a directory", "name an image in it"},
		{0, "not a regular file", ""},
	};
	mode_t type = mode & S_IFMT;
	size_t i = 0;
	int r;

	if (type == S_IFREG)
		return 0;
	while (others[i].type && others[i].type != type)
		i++;
	r = base_refuse(err, EINVAL, COW_CODE_REFUSED, "%s is %s", BASE_QUOTE(name),
			others[i].what);
	return base_remedy(err, r, "%s", others[i].remedy);
}

int convert_open(int dirfd, const char *name, int flags, struct stat *ret, struct cow_error *err)
{
	BASE_CLEANUP(fd) int fd = -1;
	struct stat st;
	int r = convert_refuse_leftover(dirfd, name, err);

	if (r < 0)
		return r;
	if (fstatat(dirfd, name, ret, flags & O_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0) < 0)
		return base_fail(err, errno, "open %s", BASE_QUOTE(name));
	r = check_type(name, ret->st_mode, err);
	if (r < 0)
		return r;
	r = fd = base_open_quietly(dirfd, name, flags);
	if (r == -EWOULDBLOCK)
		return convert_fail_in_use(name, ret, err);
	if (r < 0)
		return base_fail(err, -r, "open %s", BASE_QUOTE(name));
	if (fstat(fd, &st) < 0)
		return base_fail(err, errno, "look at %s", BASE_QUOTE(name));
	if (st.st_ino != ret->st_ino || st.st_dev != ret->st_dev)
		return base_refuse(err, ESTALE, COW_CODE_CHANGED, "%s was replaced meanwhile",
				   BASE_QUOTE(name));
	*ret = st;
	return base_take_fd(&fd);
}

/* Btrfs lists the attributes in trusted.* to everybody, and then has them for root only. */
static bool lists(int fd, const char *attribute)
{
	BASE_CLEANUP(free) char *names = malloc(XATTR_LIST_MAX);
	ssize_t n = names ? flistxattr(fd, names, XATTR_LIST_MAX) : 0;

	for (ssize_t at = 0; at < n; at += (ssize_t)strlen(names + at) + 1)
		if (base_equal(names + at, attribute))
			return true;
	return false;
}

/* libvirt counts in these who uses an image. A running guest is found by the lease; one that runs
 * on another host, or a count left by a crash, is not. */
int convert_check_libvirt(int fd, const char *name, struct cow_error *err)
{
	static const char *const marks[] = {"trusted.libvirt.security.ref_dac",
					    "trusted.libvirt.security.ref_selinux"};

	for (size_t i = 0; i < BASE_ARRAY_SIZE(marks); i++)
		if (fgetxattr(fd, marks[i], NULL, 0) >= 0 || lists(fd, marks[i]))
			return base_remedy(
				err,
				base_refuse(err, EBUSY, COW_CODE_REFUSED,
					    "libvirt has %s marked as in use", BASE_QUOTE(name)),
				"shut the guest down; if none uses it: setfattr -x %s", marks[i]);
	return 0;
}

/* To read an attribute that may not be seen is answered as if there were none; to remove one that
 * nobody has tells the two apart. */
bool convert_is_blind(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) == 0 && fs.f_type == BTRFS_SUPER_MAGIC)
		return false;
	return fremovexattr(fd, "trusted.cowctl.none") < 0 && errno == EPERM;
}

int convert_check_flags(uint32_t flags, const char *name, struct cow_error *err)
{
	if (!(flags & (COW_ATTR_IMMUTABLE | COW_ATTR_APPEND)))
		return 0;
	return base_remedy(err,
			   base_refuse(err, EPERM, COW_CODE_REFUSED, "%s is %s", BASE_QUOTE(name),
				       flags & COW_ATTR_IMMUTABLE ? "immutable" : "append-only"),
			   "chattr -i -a");
}

int convert_check_privileges(int fd, const char *name, struct cow_error *err)
{
	bool capable = fgetxattr(fd, "security.capability", NULL, 0) >= 0;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return base_fail(err, errno, "look at %s", BASE_QUOTE(name));
	if (!capable && !(st.st_mode & (S_ISUID | S_ISGID)))
		return 0;
	return base_remedy(err,
			   base_refuse(err, EPERM, COW_CODE_REFUSED,
				       "%s has %s, which it would lose by being written to",
				       BASE_QUOTE(name), capable ? "capabilities" : "set-id bits"),
			   "take them away first (%s)", capable ? "setcap -r" : "chmod ug-s");
}
