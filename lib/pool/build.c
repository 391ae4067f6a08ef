/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Make a pool's directory and apply its policy. A new one is made under a hidden name and gets its
 * own only when everything about it is right: nobody can create anything in it before. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cow/attr.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/temp.h"
#include "base/text.h"
#include "pool/build.h"
#include "pool/format.h"
#include "pool/judge.h"
#include "pool/label.h"
#include "pool/parents.h"
#include "pool/points.h"
#include "pool/store.h"
#include "pool/subvolume.h"

DEFINE_CLEANUP(probe, struct cow_probe *, cow_probe_free, NULL)

/* libvirt's, for a directory it makes: others may pass but not list it. */
#define DEFAULT_MODE 0711

static int check_subvolume(int fd, const struct cow_pool *pool, struct cow_error *err)
{
	if (pool_is_subvolume(fd))
		return 0;
	return base_remedy(err,
			   base_refuse(err, EEXIST, COW_CODE_EXISTS,
				       "directory %s is there and is no subvolume",
				       BASE_QUOTE(pool->path)),
			   "move it away, or build without --subvolume");
}

/* Owner first: chown takes the set-id bits away. */
static int set_permissions(int fd, const struct cow_pool *pool, int64_t mode, struct cow_error *err)
{
	struct stat st;

	if ((pool->owner >= 0 || pool->group >= 0) &&
	    fchown(fd, (uid_t)pool->owner, (gid_t)pool->group) < 0)
		return base_fail(err, errno, "set owner and group of %s", BASE_QUOTE(pool->path));
	if (mode >= 0 && fchmod(fd, (mode_t)mode) < 0)
		return base_fail(err, errno, "set the mode of %s", BASE_QUOTE(pool->path));
	if (fstat(fd, &st) < 0)
		return base_fail(err, errno, "look at %s", BASE_QUOTE(pool->path));
	if ((mode >= 0 && (st.st_mode & 07777) != (mode_t)mode) ||
	    (pool->owner >= 0 && st.st_uid != (uid_t)pool->owner) ||
	    (pool->group >= 0 && st.st_gid != (gid_t)pool->group))
		return base_refuse(err, EOPNOTSUPP, COW_CODE_NOT_HONOURED,
				   "owner, group or mode of %s do not read back as set",
				   BASE_QUOTE(pool->path));
	return pool_set_label(fd, pool->label, pool->path, err);
}

static void report(struct cow_pool_build_result *ret, const struct cow_decision *decision)
{
	ret->action = decision->action;
	ret->effective = decision->effective;
	base_copy(ret->reason, sizeof(ret->reason), decision->reason);
	base_copy(ret->warning, sizeof(ret->warning), decision->warning);
}

/* A directory that something is going to be mounted on has no say in it. */
static void leave_to_start(const struct cow_pool *pool, struct cow_decision *ret)
{
	*ret = (struct cow_decision){.action = COW_ACTION_LEAVE};
	base_copy(ret->reason, sizeof(ret->reason),
		  base_equal(pool->type, "netfs")
			  ? "the server of what is mounted there decides"
			  : "what is mounted there gets the policy when the pool is started");
}

static int enforce(int fd, const struct cow_pool *pool, struct cow_decision *ret,
		   struct cow_error *err)
{
	if (!pool->mount_source)
		return pool_enforce(fd, pool, ret, err);
	leave_to_start(pool, ret);
	return 0;
}

/* A directory being made: removed again unless it is in its place. */
struct nascent {
	int dirfd;
	const char *name;
	char hidden[sizeof(BASE_TEMP_PREFIX) + POOL_UUID_SIZE];
};

static inline void base_cleanup_nascent(struct nascent *nascent)
{
	int saved = errno;

	/* A subvolume goes like this as well, it is empty (Linux 4.18). */
	if (nascent->name)
		unlinkat(nascent->dirfd, nascent->name, AT_REMOVEDIR);
	errno = saved;
}

static int make_hidden(struct nascent *nascent, const struct cow_pool *pool, unsigned flags,
		       struct cow_error *err)
{
	int r = 0;

	/* The same each time, and the store is locked: one that is there is what a build left
	 * behind that was killed. */
	snprintf(nascent->hidden, sizeof(nascent->hidden), BASE_TEMP_PREFIX "%s", pool->uuid);
	unlinkat(nascent->dirfd, nascent->hidden, AT_REMOVEDIR);
	if (flags & COW_POOL_BUILD_SUBVOLUME)
		r = pool_make_subvolume(nascent->dirfd, nascent->hidden, pool->path, err);
	else if (mkdirat(nascent->dirfd, nascent->hidden, 0700) < 0)
		r = base_fail(err, errno, "make directory %s", BASE_QUOTE(pool->path));
	if (r == 0)
		nascent->name = nascent->hidden;
	return r;
}

/* Give it its name, which nobody may have taken meanwhile. */
static int put_in_place(struct nascent *nascent, const char *name, const struct cow_pool *pool,
			struct cow_error *err)
{
	int r = renameat2(nascent->dirfd, nascent->name, nascent->dirfd, name, RENAME_NOREPLACE);

	/* Some network filesystems don't know the flag. Without it at most an empty directory is
	 * replaced. */
	if (r < 0 && errno == EINVAL)
		r = renameat(nascent->dirfd, nascent->name, nascent->dirfd, name);
	if (r < 0)
		return base_fail(err, errno, "put directory %s in its place",
				 BASE_QUOTE(pool->path));
	nascent->name = name;
	r = base_sync_directory(nascent->dirfd);
	if (r < 0)
		return base_fail(err, -r, "write directory %s to disk", BASE_QUOTE(pool->path));
	return 0;
}

static int64_t mode_for_new(int fd, const struct cow_pool *pool)
{
	struct stat st;

	if (pool->mode >= 0)
		return pool->mode;
	/* inherited from the parent, for whoever wants files of one group */
	return DEFAULT_MODE | (fstat(fd, &st) == 0 ? st.st_mode & S_ISGID : 0);
}

static int build_new(const struct cow_pool *pool, unsigned flags, struct cow_pool_build_result *ret,
		     struct cow_error *err)
{
	BASE_CLEANUP(free) char *above = strdup(pool->path);
	BASE_CLEANUP(fd) int dirfd = -1, fd = -1;
	BASE_CLEANUP(parents) struct pool_parents parents = {0};
	BASE_CLEANUP(nascent) struct nascent nascent = {.dirfd = -1};
	char *name = above ? strrchr(above, '/') : NULL;
	struct cow_decision decision = {0};
	int r;

	if (!name)
		return base_fail(err, ENOMEM, "build a pool");
	*name++ = '\0';
	r = pool_parents_make(&parents, *above ? above : "/", 0777, &dirfd, err);
	if (r < 0)
		return r;
	nascent.dirfd = dirfd;
	r = make_hidden(&nascent, pool, flags, err);
	if (r < 0)
		return r;
	fd = openat(dirfd, nascent.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return base_fail(err, errno, "open directory %s", BASE_QUOTE(pool->path));
	r = enforce(fd, pool, &decision, err);
	if (r == 0)
		r = set_permissions(fd, pool, mode_for_new(fd, pool), err);
	if (r == 0 && fsync(fd) < 0)
		r = base_fail(err, errno, "write directory %s to disk", BASE_QUOTE(pool->path));
	if (r == 0)
		r = put_in_place(&nascent, name, pool, err);
	if (r == 0)
		r = pool_parents_commit(&parents, err);
	if (r < 0)
		return r;
	nascent.name = NULL;
	ret->created = true;
	ret->subvolume = flags & COW_POOL_BUILD_SUBVOLUME;
	report(ret, &decision);
	return 0;
}

/* What the policy leaves as it is below a directory that was there before: it reaches only what is
 * created directly in it from now on. */
static void count_unreached(int fd, const struct cow_pool *pool, struct cow_pool_build_result *ret)
{
	BASE_CLEANUP(points) struct cow_pool_point **points = NULL;

	if (pool_points_visit(fd, pool, COW_POOL_APPLY_CHECK, &points, NULL) < 0) {
		ret->unread = 1;
		return;
	}
	for (struct cow_pool_point **point = points; *point; point++) {
		ret->unreached += (*point)->unreached;
		ret->unread += (*point)->unread;
		if (point == points)
			continue;
		if ((*point)->before == COW_COMPLIANCE_DRIFTED)
			ret->unreached++;
		else if ((*point)->error.message[0])
			ret->unread++;
	}
}

static int build_existing(int fd, const struct cow_pool *pool, unsigned flags,
			  struct cow_pool_build_result *ret, struct cow_error *err)
{
	struct cow_decision decision = {0};
	uint32_t before = 0;
	bool has_flags = cow_attr_get(fd, &before, NULL) == 0;
	int r = flags & COW_POOL_BUILD_SUBVOLUME ? check_subvolume(fd, pool, err) : 0;

	if (r == 0)
		r = enforce(fd, pool, &decision, err);
	if (r == 0)
		r = set_permissions(fd, pool, pool->mode, err);
	if (r < 0) {
		if (has_flags)
			cow_attr_set_nocow(fd, before & COW_ATTR_NOCOW, NULL);
		return r;
	}
	report(ret, &decision);
	ret->subvolume = pool_is_subvolume(fd);
	if (!pool->mount_source)
		count_unreached(fd, pool, ret);
	return 0;
}

/* A new subvolume has no flags, whatever the directory it is made in has. */
static void forget_inherited(struct cow_probe *probe)
{
	if (probe->nocow == COW_ANSWER_YES)
		probe->nocow = probe->new_files_nocow = COW_ANSWER_NO;
	if (probe->compress == COW_ANSWER_YES) {
		probe->compress = COW_ANSWER_NO;
		probe->settable = COW_ANSWER_UNKNOWN;
	}
}

/* The very checks, and nothing done. */
static int plan(int fd, const struct cow_pool *pool, unsigned flags,
		struct cow_pool_build_result *ret, struct cow_error *err)
{
	BASE_CLEANUP(probe) struct cow_probe *probe = NULL;
	struct cow_decision decision;
	struct cow_error cause = {0};
	struct cow_probe there;
	bool want_subvolume = flags & COW_POOL_BUILD_SUBVOLUME;
	int r = cow_probe_new(pool->path, 0, &probe, err);

	if (r < 0)
		return r;
	if (fd >= 0 && want_subvolume)
		r = check_subvolume(fd, pool, err);
	else if (want_subvolume && !base_equal(cow_stack_top(probe->stack)->type, "btrfs"))
		r = pool_no_subvolume(pool->path, err);
	else if (fd < 0 && faccessat(AT_FDCWD, probe->probed, W_OK | X_OK, AT_EACCESS) < 0)
		r = base_fail(err, errno, "make a directory in %s", BASE_QUOTE(probe->probed));
	if (r < 0)
		return r;
	there = *probe;
	if (fd < 0 && want_subvolume)
		forget_inherited(&there);
	if (pool->mount_source)
		leave_to_start(pool, &decision);
	else
		cow_policy_decide(pool->policy, &there, &decision);
	if (decision.action == COW_ACTION_REFUSE) {
		r = cow_decision_apply(&decision, -1, &cause);
		return base_fail_in(err, r, &cause, "directory %s", BASE_QUOTE(pool->path));
	}
	report(ret, &decision);
	ret->created = fd < 0;
	ret->subvolume = fd < 0 ? want_subvolume : pool_is_subvolume(fd);
	if (fd >= 0 && !pool->mount_source)
		count_unreached(fd, pool, ret);
	return 0;
}

#define FORMAT (COW_POOL_BUILD_OVERWRITE | COW_POOL_BUILD_NO_OVERWRITE)

/* First all that can be looked at: what a filesystem is made over is gone. */
static int format(int fd, const struct cow_pool *pool, unsigned flags, struct cow_error *err)
{
	struct cow_pool_build_result planned = {0};
	int r = pool_format_check(pool, flags, err);

	if (r < 0 || flags & COW_POOL_BUILD_DRY_RUN)
		return r;
	r = plan(fd, pool, flags, &planned, err);
	return r < 0 ? r : pool_format(pool, flags, err);
}

static int check_flags(const struct cow_pool *pool, unsigned flags, struct cow_error *err)
{
	if ((flags & FORMAT) == FORMAT)
		return base_refuse(err, EINVAL, COW_CODE_USAGE,
				   "to overwrite and not to overwrite exclude each other");
	if (pool->mount_source && flags & COW_POOL_BUILD_SUBVOLUME)
		return base_refuse(err, EINVAL, COW_CODE_USAGE,
				   "%s is to be mounted on %s, which can't be a subvolume",
				   BASE_QUOTE(pool->mount_source), BASE_QUOTE(pool->path));
	return 0;
}

int pool_build_device(const struct cow_pool *pool, unsigned flags, struct cow_error *err)
{
	int r = check_flags(pool, flags, err);
	BASE_CLEANUP(fd) int fd = -1;

	if (r < 0 || !(flags & FORMAT))
		return r;
	fd = open(pool->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return format(fd, pool, flags, err);
}

int pool_build(const struct cow_pool *pool, unsigned flags, struct cow_pool_build_result *ret,
	       struct cow_error *err)
{
	struct cow_pool_build_result result = {0};
	BASE_CLEANUP(fd) int fd = open(pool->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (fd < 0 && errno != ENOENT)
		return base_fail(err, errno, "open directory %s", BASE_QUOTE(pool->path));
	result.formatted = flags & FORMAT;
	if (flags & COW_POOL_BUILD_DRY_RUN)
		r = plan(fd, pool, flags, &result, err);
	else if (fd < 0)
		r = build_new(pool, flags, &result, err);
	else
		r = build_existing(fd, pool, flags, &result, err);
	if (r == 0)
		*ret = result;
	return r;
}

COW_EXPORT int cow_pool_build(struct cow_pool_store *store, const struct cow_pool *pool,
			      unsigned flags, struct cow_pool_build_result *ret,
			      struct cow_error *err)
{
	BASE_CLEANUP(fd) int lock = -1;
	int r = pool_store_check_own(pool, err);

	if (r == 0)
		r = pool_store_check_stopped(store, pool, err);
	if (r == 0)
		r = pool_build_device(pool, flags, err);
	if (r == 0)
		r = pool_store_lock(store, &lock, err);
	if (r == 0)
		r = pool_store_check_stopped(store, pool, err);
	return r < 0 ? r : pool_build(pool, flags, ret, err);
}
