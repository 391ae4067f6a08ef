/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Extended attributes of the copy: ACLs, labels and capabilities among them. */
#include <sys/xattr.h>

#include "base/error.h"
#include "base/text.h"
#include "convert/convert.h"
#include "probe/own.h"

#define COMPRESSION_XATTR "btrfs.compression"
#define SIZE_LIMIT        (64u << 10)

/* An image that becomes what its own policy is against has none any more. */
static bool leaves_policy(const struct convert *c)
{
	enum cow_policy own = probe_own_policy(c->original);

	return own != COW_POLICY_AUTO && own != c->options->to;
}

static bool leaves_xattr(const struct convert *c, const char *name)
{
	return (base_equal(name, COMPRESSION_XATTR) && convert_leaves_compression(c)) ||
	       (base_equal(name, PROBE_OWN_POLICY) && leaves_policy(c));
}

static int get_xattr(int fd, const char *name, char **ret_value, size_t *ret_size)
{
	BASE_CLEANUP(free) char *value = malloc(SIZE_LIMIT);
	ssize_t n;

	if (!value)
		return -ENOMEM;
	n = fgetxattr(fd, name, value, SIZE_LIMIT);
	if (n < 0)
		return -errno;
	*ret_value = base_take(value);
	*ret_size = (size_t)n;
	return 0;
}

/* True when the copy has just this value: already, or read back. */
static bool has_xattr(int fd, const char *name, const char *value, size_t size)
{
	BASE_CLEANUP(free) char *there = NULL;
	size_t there_size = 0;

	return get_xattr(fd, name, &there, &there_size) == 0 && there_size == size &&
	       !memcmp(there, value, size);
}

static int copy_xattr(const struct convert *c, const char *name, struct cow_error *err)
{
	BASE_CLEANUP(free) char *value = NULL;
	size_t size = 0;
	int r;

	if (leaves_xattr(c, name))
		return 0;
	r = get_xattr(c->original, name, &value, &size);
	/* Btrfs lists the trusted ones to everybody, and then has them for root only. */
	if (r < 0)
		return base_remedy(err,
				   base_fail(err, -r, "read extended attribute %s of %s",
					     BASE_QUOTE(name), BASE_QUOTE(c->name)),
				   "%s", base_starts(name, "trusted.") ? "try as root" : "");
	/* A security label may have been given at birth, and not be ours to set. */
	if (has_xattr(c->copy, name, value, size))
		return 0;
	if (fsetxattr(c->copy, name, value, size, 0) < 0)
		return base_fail(err, errno, "keep extended attribute %s of %s", BASE_QUOTE(name),
				 BASE_QUOTE(c->name));
	if (!has_xattr(c->copy, name, value, size))
		return base_refuse(err, EIO, COW_CODE_REFUSED,
				   "extended attribute %s of %s does not read back",
				   BASE_QUOTE(name), BASE_QUOTE(c->name));
	return 0;
}

/* A copy of the list of names, "" when there are none or the filesystem has no such thing. */
static int list_xattrs(int fd, const struct convert *c, char **ret_names, size_t *ret_size,
		       struct cow_error *err)
{
	BASE_CLEANUP(free) char *names = malloc(SIZE_LIMIT);
	ssize_t n;

	if (!names)
		return base_fail(err, ENOMEM, "list extended attributes");
	n = flistxattr(fd, names, SIZE_LIMIT);
	if (n < 0 && errno != EOPNOTSUPP)
		return base_fail(err, errno, "list extended attributes of %s", BASE_QUOTE(c->name));
	*ret_names = base_take(names);
	*ret_size = n < 0 ? 0 : (size_t)n;
	return 0;
}

static bool is_left_over(const struct convert *c, const char *name)
{
	return base_starts(name, "user.") &&
	       (leaves_xattr(c, name) || fgetxattr(c->original, name, NULL, 0) < 0);
}

/* A copy that is gone on with may have some that the original has lost since. */
static int drop_xattrs(const struct convert *c, struct cow_error *err)
{
	BASE_CLEANUP(free) char *names = NULL;
	size_t size = 0;
	int r = c->resumed ? list_xattrs(c->copy, c, &names, &size, err) : 0;

	for (size_t at = 0; r == 0 && at < size; at += strlen(names + at) + 1)
		if (is_left_over(c, names + at) && fremovexattr(c->copy, names + at) < 0)
			r = base_fail(err, errno, "remove extended attribute %s of the copy of %s",
				      BASE_QUOTE(names + at), BASE_QUOTE(c->name));
	return r;
}

/* A default ACL of the directory gives a new file an ACL the original may not have. */
static int drop_inherited_acl(const struct convert *c, struct cow_error *err)
{
	static const char name[] = "system.posix_acl_access";

	if (fgetxattr(c->original, name, NULL, 0) >= 0 || fgetxattr(c->copy, name, NULL, 0) < 0)
		return 0;
	if (fremovexattr(c->copy, name) < 0)
		return base_fail(err, errno, "keep %s free of an inherited ACL",
				 BASE_QUOTE(c->name));
	return 0;
}

int convert_copy_xattrs(const struct convert *c, struct cow_error *err)
{
	BASE_CLEANUP(free) char *names = NULL;
	size_t size = 0;
	int r;

	if ((r = drop_inherited_acl(c, err)) < 0 || (r = drop_xattrs(c, err)) < 0 ||
	    (r = list_xattrs(c->original, c, &names, &size, err)) < 0)
		return r;
	for (size_t at = 0; r == 0 && at < size; at += strlen(names + at) + 1)
		r = copy_xattr(c, names + at, err);
	return r;
}

bool convert_xattrs_are_same(const struct convert *c)
{
	BASE_CLEANUP(free) char *names = NULL;
	size_t size = 0, value_size = 0;

	if (list_xattrs(c->original, c, &names, &size, NULL) < 0)
		return false;
	for (size_t at = 0; at < size; at += strlen(names + at) + 1) {
		BASE_CLEANUP(free) char *value = NULL;

		if (leaves_xattr(c, names + at))
			continue;
		if (get_xattr(c->original, names + at, &value, &value_size) < 0 ||
		    !has_xattr(c->copy, names + at, value, value_size))
			return false;
	}
	return true;
}
