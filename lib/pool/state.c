/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which pools are started, and how their directories stand. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "pool/judge.h"
#include "pool/state.h"
#include "pool/store.h"

DEFINE_CLEANUP(probe, struct cow_probe *, cow_probe_free, NULL)

/* libvirt's types whose target is a directory of images; the others' volumes are devices. */
bool pool_has_directory(const struct cow_pool *pool)
{
	return pool->path && (base_equal(pool->type, "dir") || base_equal(pool->type, "fs") ||
			      base_equal(pool->type, "netfs"));
}

static void set_compliance(struct cow_pool *pool, enum cow_compliance compliance,
			   const char *reason)
{
	pool->compliance = compliance;
	base_copy(pool->compliance_reason, sizeof(pool->compliance_reason), reason);
}

static const char *why(const struct cow_decision *decision)
{
	switch (decision->action) {
	case COW_ACTION_SET_NOCOW:
		return "NOCOW is not set on the directory";
	case COW_ACTION_CLEAR_NOCOW:
		return "NOCOW is set on the directory";
	default:
		return decision->reason;
	}
}

static void look_at_policy(struct cow_pool *pool)
{
	BASE_CLEANUP(probe) struct cow_probe *probe = NULL;
	struct cow_decision decision;
	struct cow_error err;

	if (cow_probe_new(pool->path, 0, &probe, &err) < 0) {
		set_compliance(pool, COW_COMPLIANCE_UNKNOWN, err.message);
		return;
	}
	cow_policy_decide(pool->policy, probe, &decision);
	set_compliance(pool, pool_judge(probe, &decision), why(&decision));
}

static void look_at_sizes(struct cow_pool *pool)
{
	struct statvfs fs;

	if (statvfs(pool->path, &fs) < 0)
		return;
	pool->measured = COW_ANSWER_YES;
	pool->capacity = (uint64_t)fs.f_blocks * fs.f_frsize;
	pool->available = (uint64_t)fs.f_bfree * fs.f_frsize;
	pool->allocation = pool->capacity - pool->available;
}

/* 0 when the pool's directory is there and can be listed. */
static int look_at_directory(const struct cow_pool *pool)
{
	BASE_CLEANUP(fd) int fd = open(pool->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : 0;
}

static enum cow_pool_state state_of(enum cow_answer started, int reachable)
{
	if (started == COW_ANSWER_UNKNOWN)
		return COW_POOL_STATE_UNKNOWN;
	if (started == COW_ANSWER_NO)
		return COW_POOL_STATE_INACTIVE;
	/* That the caller may not look says nothing about the pool. */
	return reachable < 0 && reachable != -EACCES ? COW_POOL_STATE_INACCESSIBLE
						     : COW_POOL_STATE_ACTIVE;
}

COW_EXPORT int cow_pool_refresh(struct cow_pool_store *store, struct cow_pool *pool,
				struct cow_error *err)
{
	int reachable = pool_has_directory(pool) ? look_at_directory(pool) : 0;

	(void)err;
	pool->measured = COW_ANSWER_UNKNOWN;
	pool->state = state_of(pool_store_started(store, pool), reachable);
	if (!pool_has_directory(pool)) {
		set_compliance(pool, COW_COMPLIANCE_UNKNOWN, "not a pool of files in a directory");
	} else if (reachable == -ENOENT || reachable == -ENOTDIR) {
		set_compliance(pool, COW_COMPLIANCE_UNKNOWN, "the directory is not there");
	} else {
		look_at_policy(pool);
		look_at_sizes(pool);
	}
	return 0;
}

int pool_check_startable(const struct cow_pool_store *store, const struct cow_pool *pool,
			 struct cow_error *err)
{
	if (pool_store_started(store, pool) != COW_ANSWER_YES)
		return 0;
	return base_refuse(err, EEXIST, COW_CODE_EXISTS, "pool %s is started already",
			   BASE_QUOTE(pool->name));
}

int pool_check_directory(const struct cow_pool *pool, struct cow_error *err)
{
	int r = look_at_directory(pool);

	if (r == 0)
		return 0;
	return base_remedy(err,
			   base_fail(err, -r, "start pool %s: open directory %s",
				     BASE_QUOTE(pool->name), BASE_QUOTE(pool->path)),
			   "%s", r == -ENOENT ? "cowctl pool build makes it" : "");
}

COW_EXPORT int cow_pool_start(struct cow_pool_store *store, struct cow_pool *pool,
			      struct cow_error *err)
{
	BASE_CLEANUP(fd) int lock = -1;
	int r = pool_store_check_own(pool, err);

	if (r == 0)
		r = pool_store_lock(store, &lock, err);
	if (r == 0)
		r = pool_check_startable(store, pool, err);
	if (r == 0)
		r = pool_check_directory(pool, err);
	if (r == 0)
		r = pool_store_mark(store, pool, "", err);
	return r < 0 ? r : cow_pool_refresh(store, pool, err);
}

COW_EXPORT int cow_pool_stop(struct cow_pool_store *store, struct cow_pool *pool,
			     struct cow_error *err)
{
	BASE_CLEANUP(free) char *mark = base_format("%s/%s.started", store->runtime, pool->name);
	BASE_CLEANUP(fd) int lock = -1;
	int r = pool_store_check_own(pool, err);

	if (r == 0)
		r = pool_store_lock(store, &lock, err);
	if (r == 0)
		r = pool_store_check_started(store, pool, err);
	if (r < 0)
		return r;
	if (!mark)
		return base_fail(err, ENOMEM, "stop a pool");
	if (unlink(mark) < 0)
		return base_fail(err, errno, "mark pool %s stopped", BASE_QUOTE(pool->name));
	if (!pool->persistent)
		pool_store_forget(store, pool);
	pool->state = COW_POOL_STATE_INACTIVE;
	return 0;
}
