/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Make a pool's directory, and before it the filesystem on its device, or plan to. */
#include <fcntl.h>

#include <cow/attr.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "pool/answer.h"
#include "pool/build.h"
#include "pool/directory.h"
#include "pool/event.h"
#include "pool/format.h"
#include "pool/points.h"
#include "pool/store.h"
#include "pool/subvolume.h"

DEFINE_CLEANUP(probe, struct cow_probe *, cow_probe_free, NULL)

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

/* What the policy leaves as it is below a directory that was there before: it reaches only what is
 * created directly in it from now on. */
static void count_unreached(struct cow_pool_store *store, const struct cow_pool *pool,
			    struct cow_pool_build_result *ret)
{
	BASE_CLEANUP(points) struct cow_pool_point **points = NULL;
	BASE_CLEANUP(fd) int fd = open(pool->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || pool_points_visit(store, fd, pool, COW_POOL_APPLY_CHECK, &points, NULL) < 0) {
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
	uint32_t before = 0;
	bool has_flags = cow_attr_get(fd, &before, NULL) == 0;
	int r = flags & COW_POOL_BUILD_SUBVOLUME ? check_subvolume(fd, pool, err) : 0;

	if (r == 0)
		r = pool_directory_set(fd, pool, pool->mode, ret, err);
	if (r < 0) {
		if (has_flags)
			cow_attr_set_nocow(fd, before & COW_ATTR_NOCOW, NULL);
		return r;
	}
	ret->subvolume = pool_is_subvolume(fd);
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
		pool_directory_leave(pool, &decision);
	else
		cow_policy_decide(pool->policy, &there, &decision);
	if (decision.action == COW_ACTION_REFUSE) {
		r = cow_decision_apply(&decision, -1, &cause);
		return base_fail_in(err, r, &cause, "directory %s", BASE_QUOTE(pool->path));
	}
	pool_directory_report(ret, &decision);
	ret->created = fd < 0;
	ret->subvolume = fd < 0 ? want_subvolume : pool_is_subvolume(fd);
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
	if (flags & ~(COW_POOL_BUILD_SUBVOLUME | COW_POOL_BUILD_DRY_RUN | FORMAT))
		return base_fail(err, EINVAL, "build a pool: unknown flags 0x%x", flags);
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
	fd = pool_directory_open(pool, err);
	return fd < 0 && fd != -ENOENT ? fd : format(fd, pool, flags, err);
}

int pool_build(const struct cow_pool *pool, unsigned flags, struct cow_pool_build_result *ret,
	       struct cow_error *err)
{
	struct cow_pool_build_result result = {0};
	BASE_CLEANUP(fd) int fd = pool_directory_open(pool, err);
	int r;

	if (fd < 0 && fd != -ENOENT)
		return fd;
	result.formatted = flags & FORMAT;
	if (flags & COW_POOL_BUILD_DRY_RUN)
		r = plan(fd, pool, flags, &result, err);
	else if (fd < 0)
		r = pool_build_new(pool, flags, &result, err);
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
	BASE_CLEANUP(lock) struct pool_lock lock = POOL_LOCK_INIT;
	int r = pool_store_check_own(pool, err);

	if (r == 0)
		r = pool_store_check_stopped(store, pool, err);
	if (r == 0)
		r = pool_build_device(pool, flags, err);
	pool_await(pool);
	if (r == 0)
		r = pool_store_lock(store, &lock, err);
	if (r == 0)
		r = pool_store_check_stopped(store, pool, err);
	if (r == 0)
		r = pool_build(pool, flags, ret, err);
	if (r < 0)
		return r;
	if (!(flags & COW_POOL_BUILD_DRY_RUN))
		pool_announce(store, pool, COW_POOL_EVENT_CREATED);
	/* Which opens every file: others need not wait for that. */
	pool_store_unlock(&lock);
	if (!ret->created && !pool->mount_source)
		count_unreached(store, pool, ret);
	return 0;
}
