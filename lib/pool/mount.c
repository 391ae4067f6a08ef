/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What lies on a device or a server is mounted on the pool's directory while the pool is started.
 */
#include <fcntl.h>
#include <libmount.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/answer.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "pool/definition.h"
#include "pool/mount.h"
#include "pool/mounted.h"
#include "pool/parents.h"
#include "pool/unused.h"

DEFINE_CLEANUP(context, struct libmnt_context *, mnt_free_context, NULL)

/* libmount's own words where it has some; a helper such as mount.nfs has said its own. */
static int fail(struct libmnt_context *context, int r, const struct cow_pool *pool,
		const char *doing, struct cow_error *err)
{
	char why[256] = "";
	int errnum = r < 0 && r > -MNT_ERR_NOFSTAB ? -r : EIO;

	/* Others than root may mount what fstab lets them; that it doesn't is what libmount says.
	 */
	if (mnt_context_is_restricted(context))
		return base_fail(err, EPERM, "%s %s on %s", doing, BASE_QUOTE(pool->mount_source),
				 BASE_QUOTE(pool->path));
	if (mnt_context_helper_executed(context))
		return base_fail_code(err, EIO, COW_CODE_TOOL, "%s %s on %s: its helper failed",
				      doing, BASE_QUOTE(pool->mount_source),
				      BASE_QUOTE(pool->path));
	if (mnt_context_syscall_called(context) && mnt_context_get_syscall_errno(context))
		errnum = mnt_context_get_syscall_errno(context);
	mnt_context_get_excode(context, r, why, sizeof(why));
	why[strcspn(why, "\n")] = '\0';
	r = base_fail(err, errnum, "%s %s on %s%s%s", doing, BASE_QUOTE(pool->mount_source),
		      BASE_QUOTE(pool->path), *why ? ": " : "", why);
	if (err && *why)
		err->errnum = 0;
	/* EINVAL is the kernel's word for many a filesystem it can't mount: the call was right. */
	if (err && err->code == COW_CODE_USAGE)
		err->code = COW_CODE_UNKNOWN;
	return r;
}

/* libmount's status of a helper is that it could be run. */
static bool went_well(struct libmnt_context *context, int r)
{
	return r == 0 && mnt_context_get_status(context) == 1 &&
	       (!mnt_context_helper_executed(context) ||
		mnt_context_get_helper_status(context) == 0);
}

/* Whoever made a symlink on the way to it would say what is mounted. *ret_fd is O_PATH, and left
 * alone where a server has it. */
static int open_source(const struct cow_pool *pool, int *ret_fd, struct cow_error *err)
{
	if (!base_equal(pool->type, "fs"))
		return 0;
	*ret_fd = pool_parents_open_any(pool->mount_source, err);
	return *ret_fd < 0 ? *ret_fd : 0;
}

/* A guest may use what is to be mounted. Who may not open it can't mount it either. */
static int check_source(const struct cow_pool *pool, int source_fd, struct cow_error *err)
{
	BASE_CLEANUP(fd) int fd = source_fd < 0 ? -1 : base_fd_reopen(source_fd, O_RDONLY);

	return fd < 0 ? 0 : pool_check_unused(pool, fd, err);
}

/* libmount does these to the path that it mounts on, which is the directory below here; or doesn't
 * know them, which older versions keep to themselves. */
static int check_options(const struct cow_pool *pool, struct cow_error *err)
{
	static const char *const names[] = {"X-mount.group", "X-mount.idmap", "X-mount.mode",
					    "X-mount.owner", "X-mount.subdir"};
	char *value;
	size_t size;

	for (size_t i = 0; i < BASE_ARRAY_SIZE(names); i++)
		if (mnt_optstr_get_option(pool->mount_options, names[i], &value, &size) == 0)
			return base_remedy(
				err,
				base_refuse(err, EOPNOTSUPP, COW_CODE_REFUSED,
					    "pool %s can't be mounted with the option %s",
					    BASE_QUOTE(pool->name), names[i]),
				"leave it out of the definition: owner and mode stay once given");
	return 0;
}

/* Of two who are about to mount something there, the kernel would put one over the other. Others
 * may have other stores; who may not open it goes on, and can hardly mount there. The descriptor is
 * of the directory below what will be mounted. */
static int claim_directory(const struct cow_pool *pool, int fd, int *ret_fd, struct cow_error *err)
{
	*ret_fd = base_fd_reopen(fd, O_RDONLY | O_DIRECTORY);
	if (*ret_fd < 0 || flock(*ret_fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
		return 0;
	return base_remedy(err,
			   base_refuse(err, EBUSY, COW_CODE_BUSY,
				       "somebody else is mounting something on %s just now",
				       BASE_QUOTE(pool->path)),
			   "see who has it locked: fuser -v %s", BASE_QUOTE(pool->path));
}

/* A program of its own mounts it, and may have another one that unmounts it. */
static bool has_helper(const struct cow_pool *pool)
{
	bool known = !base_equal(pool->mount_type, "auto");
	BASE_CLEANUP(free)
	char *type = known ? NULL : mnt_get_fstype(pool->mount_source, NULL, NULL);
	BASE_CLEANUP(free)
	char *path = base_format("/sbin/mount.%s", known ? pool->mount_type : type ? type : "");

	return path && access(path, F_OK) == 0;
}

/* Others than root mount what fstab names, by its path; and the helper of NILFS notes what it
 * started there for who unmounts it. */
static bool is_unmounted_by_path(struct libmnt_context *context, const struct cow_pool *pool)
{
	return mnt_context_is_restricted(context) ||
	       (base_equal(pool->type, "fs") && has_helper(pool));
}

/* Some helpers for servers look at the path when they are done. */
static bool is_mounted_by_path(struct libmnt_context *context, const struct cow_pool *pool)
{
	return is_unmounted_by_path(context, pool) || base_equal(pool->type, "netfs");
}

static int set_path(struct libmnt_context *context, const struct cow_pool *pool)
{
	int r = mnt_context_set_source(context, pool->mount_source);

	return r == 0 ? mnt_context_set_target(context, pool->path) : r;
}

/* A device has its own name in /dev, which libmount finds the usual one for; a file may be another
 * one by its name by then. */
static char *name_source(const char *self, int fd)
{
	BASE_CLEANUP(free) char *device = NULL;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return NULL;
	if (!S_ISBLK(st.st_mode))
		return base_format("%s/fd/%d", self, fd);
	device = base_fd_place(fd);
	return device ? mnt_resolve_path(device, NULL) : NULL;
}

/* What was looked at, on the directory that was looked at, not where their paths lead by then:
 * whoever owns a directory above could have anything mounted or hidden. By the number of the
 * process, for a helper has another "self"; and with a dot, for move_mount(2), with which libmount
 * does it since 2.39, follows no symlink that a path ends in. */
static int set_opened(struct libmnt_context *context, int fd, int source_fd)
{
	BASE_CLEANUP(free) char *self = realpath("/proc/self", NULL);
	BASE_CLEANUP(free) char *source = self ? name_source(self, source_fd) : NULL;
	BASE_CLEANUP(free) char *target = self ? base_format("%s/fd/%d/.", self, fd) : NULL;
	int r = target && source ? mnt_context_disable_canonicalize(context, 1) : -ENOMEM;

	if (r == 0)
		r = mnt_context_disable_mtab(context, 1);
	if (r == 0)
		r = mnt_context_set_source(context, source);
	return r == 0 ? mnt_context_set_target(context, target) : r;
}

/* Its options such as _netdev are kept by libmount, by the path it is unmounted by. */
static void keep_options(struct libmnt_context *context, const char *place)
{
	if (place && mnt_fs_set_target(mnt_context_get_fs(context), place) == 0 &&
	    mnt_context_disable_mtab(context, 0) == 0)
		mnt_context_finalize_mount(context);
}

static int set_up(struct libmnt_context *context, const struct cow_pool *pool, int fd,
		  int source_fd)
{
	int r = is_mounted_by_path(context, pool) ? set_path(context, pool)
						  : set_opened(context, fd, source_fd);

	if (r == 0 && !base_equal(pool->mount_type, "auto"))
		r = mnt_context_set_fstype(context, pool->mount_type);
	return r == 0 ? mnt_context_set_options(context, pool->mount_options) : r;
}

static int unmount_by_path(struct libmnt_context *context, const char *path)
{
	int r = mnt_context_set_target(context, path);

	return r == 0 ? mnt_context_umount(context) : r;
}

/* What is mounted there, and nothing else, wherever a path leads by then: by its name in the
 * directory above, for with a descriptor of its own it would be busy. */
static int unmount_at(struct libmnt_context *context, const char *place)
{
	BASE_CLEANUP(free) char *path = NULL;
	BASE_CLEANUP(fd) int dirfd = -1;
	const char *name;
	int r = mnt_context_set_target(context, place);

	/* Its options are to be struck off by libmount, which leaves that to a helper. */
	if (r == 0)
		r = mnt_context_disable_helpers(context, 1);
	if (r < 0)
		return r;
	dirfd = pool_parents_open_above(place, &name, NULL);
	path = base_format("%s/%s", BASE_FD_PATH(dirfd), name);
	r = dirfd < 0 ? dirfd : path ? mnt_context_prepare_umount(context) : -ENOMEM;
	if (r < 0)
		return r;
	mnt_context_set_syscall_status(context, umount2(path, UMOUNT_NOFOLLOW) < 0 ? -errno : 0);
	return mnt_context_get_status(context) ? mnt_context_finalize_umount(context)
					       : -mnt_context_get_syscall_errno(context);
}

static int unmount(const struct cow_pool *pool, const char *place, struct cow_error *err)
{
	BASE_CLEANUP(context) struct libmnt_context *context = mnt_new_context();
	int r;

	if (!context)
		return base_fail(err, ENOMEM, "unmount %s", BASE_QUOTE(pool->path));
	/* So the kernel calls what was unmounted meanwhile. */
	if (base_equal(place, "/"))
		r = -EINVAL;
	else
		r = (is_unmounted_by_path(context, pool) ? unmount_by_path : unmount_at)(context,
											 place);
	if (went_well(context, r))
		return 0;
	r = fail(context, r, pool, "unmount", err);
	return r == -EBUSY ? base_remedy(err, r,
					 "close what is open there (fuser -vm %s), unmount what is "
					 "mounted in it",
					 BASE_QUOTE(pool->path))
			   : r;
}

/* What can't be opened is mounted. */
static bool is_bare(const struct cow_pool *pool, const char *path)
{
	BASE_CLEANUP(fd) int fd = pool_parents_open(path, NULL);

	return fd >= 0 && pool_check_bare(pool, fd, NULL) == 0;
}

/* Where the path leads, if that is it. */
static char *find_mounted(const struct cow_pool *pool)
{
	BASE_CLEANUP(fd) int fd = open(pool->path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return pool_mounted_at(pool, fd) == COW_ANSWER_YES ? base_fd_place(fd) : NULL;
}

/* Nothing was mounted there before. By a path it may have come to be elsewhere; but where that
 * leads by now, something else may be. */
static void undo(const struct cow_pool *pool, const char *place)
{
	BASE_CLEANUP(free) char *led = NULL;

	if (!place || is_bare(pool, place))
		place = led = find_mounted(pool);
	if (place)
		unmount(pool, place, NULL);
}

/* It is where the path leads, and by no way that is refused. */
static int check_done(const struct cow_pool *pool, struct cow_error *err)
{
	BASE_CLEANUP(fd) int fd = pool_parents_open(pool->path, err);
	BASE_CLEANUP(fd) int source = -1;
	int r = fd < 0 ? fd : open_source(pool, &source, err);

	return r < 0 ? r : pool_check_mounted(pool, fd, err);
}

int pool_mount(const struct cow_pool *pool, struct cow_error *err)
{
	BASE_CLEANUP(context) struct libmnt_context *context = NULL;
	BASE_CLEANUP(free) char *place = NULL;
	BASE_CLEANUP(fd) int fd = -1, claim = -1, source = -1;
	int r;

	if (!pool->mount_source)
		return 0;
	fd = pool_parents_open(pool->path, err);
	if (fd == -ENOENT)
		return base_remedy(err, fd, "cowctl pool build makes it");
	r = fd < 0 ? fd : check_options(pool, err);
	if (r == 0)
		r = claim_directory(pool, fd, &claim, err);
	if (r == 0)
		r = pool_check_bare(pool, fd, err);
	if (r == 0)
		r = open_source(pool, &source, err);
	if (r == 0)
		r = check_source(pool, source, err);
	if (r < 0)
		return r;
	context = mnt_new_context();
	if (!context || set_up(context, pool, fd, source) != 0)
		return base_fail(err, ENOMEM, "mount %s", BASE_QUOTE(pool->mount_source));
	r = mnt_context_mount(context);
	if (!went_well(context, r))
		return fail(context, r, pool, "mount", err);
	place = base_fd_place(fd);
	if (mnt_context_is_nomtab(context))
		keep_options(context, place);
	r = check_done(pool, err);
	if (r < 0)
		undo(pool, place);
	return r;
}

/* By its name, where it can't be looked at. */
static bool is_anothers(const struct cow_pool *pool, const char *place)
{
	BASE_CLEANUP(context) struct libmnt_context *context = mnt_new_context();
	struct libmnt_fs *there;

	return context && mnt_context_find_umount_fs(context, place, &there) == 0 &&
	       pool_is_source(pool, mnt_fs_get_source(there)) == COW_ANSWER_NO;
}

/* Where what is mounted on the pool's directory is, unless it is known to be another's: what is of
 * a server that is gone, or has forgotten it, is unmounted all the same. */
static int find_place(const struct cow_pool *pool, char **ret, struct cow_error *err)
{
	BASE_CLEANUP(free) char *place = NULL;
	BASE_CLEANUP(fd) int fd = -1;
	int r = 0;

	fd = base_answers(pool->path) ? pool_parents_open(pool->path, NULL) : -ETIMEDOUT;
	if (fd < 0)
		r = pool_parents_find(pool->path, &place, err);
	else if (!(place = base_fd_place(fd)))
		r = base_fail(err, errno, "unmount %s", BASE_QUOTE(pool->path));
	if (r < 0)
		return r;
	/* Nothing is asked twice: it might be mounted by then. */
	if (fd < 0 ? is_anothers(pool, place) : pool_mounted_at(pool, fd) == COW_ANSWER_NO)
		return pool_check_mounted(pool, -ENOENT, err);
	*ret = base_take(place);
	return 0;
}

int pool_unmount(const struct cow_pool *pool, struct cow_error *err)
{
	BASE_CLEANUP(free) char *place = NULL;
	int r;

	if (!pool->mount_source)
		return 0;
	r = find_place(pool, &place, err);
	return r < 0 ? r : unmount(pool, place, err);
}
