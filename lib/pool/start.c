/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starting and stopping: mount what there is to mount, and mark the pool. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "pool/answer.h"
#include "pool/apply.h"
#include "pool/event.h"
#include "pool/mount.h"
#include "pool/mounted.h"
#include "pool/parents.h"
#include "pool/start.h"
#include "pool/state.h"
#include "pool/store.h"
#include "pool/sweep.h"

DEFINE_CLEANUP(pools, struct cow_pool **, cow_pool_list_free, NULL)

int pool_check_startable(const struct cow_pool_store *store, const struct cow_pool *pool,
			 struct cow_error *err)
{
	if (pool_store_started(store, pool) != COW_ANSWER_YES)
		return 0;
	return base_refuse(err, EEXIST, COW_CODE_EXISTS, "pool %s is started already",
			   BASE_QUOTE(pool->name));
}

static int check_directory(const struct cow_pool *pool, struct cow_error *err)
{
	int r = pool_look_at_directory(pool, COW_ANSWER_YES);
	BASE_CLEANUP(fd) int fd = r < 0 ? -1 : pool_parents_open(pool->path, err);

	/* By a symlink that is refused nothing in it could be mended, cleared up or looked at. */
	if (r == 0)
		return fd < 0 ? fd : 0;
	return base_remedy(err,
			   base_fail(err, -r, "start pool %s: open directory %s",
				     BASE_QUOTE(pool->name), BASE_QUOTE(pool->path)),
			   "%s", r == -ENOENT ? "cowctl pool build makes it" : "");
}

static int unmark(const struct cow_pool_store *store, const struct cow_pool *pool,
		  struct cow_error *err)
{
	BASE_CLEANUP(free) char *mark = base_format("%s/%s.started", store->runtime, pool->name);

	if (!mark)
		return base_fail(err, ENOMEM, "stop a pool");
	/* What somebody else mounted has none. */
	if (unlink(mark) < 0 && !(pool->mount_source && errno == ENOENT))
		return base_fail(err, errno, "mark pool %s stopped", BASE_QUOTE(pool->name));
	return 0;
}

/* Is it that directory, or with `below` in it, however deep? */
static bool leads_to(const char *path, const struct stat *wanted, bool below)
{
	BASE_CLEANUP(fd) int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st, before = {0};

	for (; fd >= 0 && fstat(fd, &st) == 0 && !base_same_file(&st, &before); before = st) {
		int above;

		if (base_same_file(&st, wanted))
			return true;
		if (!below)
			break;
		above = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		close(fd);
		fd = above;
	}
	return false;
}

/* One directory may well be a pool here and to libvirt. But what is mounted hides libvirt's too. */
static bool may_be_in_the_way(const struct cow_pool_store *store, const struct cow_pool *other,
			      const struct cow_pool *pool)
{
	bool theirs = other->source == COW_POOL_SOURCE_LIBVIRT;

	if (!pool_has_directory(other) ||
	    (theirs ? !pool->mount_source : base_equal(other->name, pool->name)))
		return false;
	return (theirs ? pool_store_started : pool_store_marked)(store, other) != COW_ANSWER_NO;
}

static int fail_in_the_way(const struct cow_pool *other, const struct cow_pool *pool,
			   struct cow_error *err)
{
	bool theirs = other->source == COW_POOL_SOURCE_LIBVIRT;

	return base_remedy(
		err,
		base_refuse(err, EBUSY, COW_CODE_BUSY, "pool %s is started in directory %s",
			    BASE_QUOTE(other->name), BASE_QUOTE(pool->path)),
		"stop it first: %s %s", theirs ? "virsh pool-destroy" : "cowctl pool stop",
		BASE_QUOTE(other->name));
}

/* Two definitions may name one directory in different ways, by symlinks and bind mounts, and would
 * undo each other's policy; and what is mounted hides all that is there. One that doesn't answer is
 * another than ours, which did. */
static int check_directory_free(struct cow_pool_store *store, const struct cow_pool *pool,
				struct cow_error *err)
{
	BASE_CLEANUP(pools) struct cow_pool **pools = NULL;
	struct cow_pool **kept, **other;
	struct stat ours;
	size_t broken;
	int r = cow_pool_list(store, &pools, &broken, NULL);

	if (r < 0)
		return base_fail(err, -r, "list pools");
	for (kept = other = pools; *other; other++)
		if (may_be_in_the_way(store, *other, pool))
			*kept++ = *other;
		else
			cow_pool_free(*other);
	*kept = NULL;
	if (!*pools || stat(pool->path, &ours) < 0)
		return 0;
	pool_list_keep_answering(pools);
	for (other = pools; *other; other++)
		if (leads_to((*other)->path, &ours, pool->mount_source))
			return fail_in_the_way(*other, pool, err);
	return 0;
}

/* Nobody has moved it since `pool` was read. The store is locked. */
static int check_current(const struct cow_pool_store *store, const struct cow_pool *pool,
			 struct cow_error *err)
{
	BASE_CLEANUP(definition) struct pool_definition *now = NULL;
	int r = pool_store_read(store, COW_POOL_SOURCE_COWCTL, pool->name, &now, err);

	if (r < 0 || !pool_is_elsewhere(&now->pool, pool))
		return r;
	return base_refuse(err, ESTALE, COW_CODE_CHANGED,
			   "the definition of pool %s was changed meanwhile",
			   BASE_QUOTE(pool->name));
}

/* Somebody may have stopped it while it was being mounted, and even undefined it: what is mounted
 * would be no pool's. */
static int check_marked(struct cow_pool_store *store, const struct cow_pool *pool,
			struct pool_lock *lock, struct cow_error *err)
{
	int r;

	if (pool_store_lock(store, lock, NULL) < 0 ||
	    (pool_store_marked(store, pool) != COW_ANSWER_NO &&
	     check_current(store, pool, NULL) != -ESTALE))
		return 0;
	r = pool_unmount(pool, err);
	return r < 0 ? r
		     : base_refuse(err, ECANCELED, COW_CODE_CHANGED,
				   "pool %s was stopped while it was mounted",
				   BASE_QUOTE(pool->name));
}

/* The mark comes before the mount, and goes after it: cut short, what is mounted belongs to a pool,
 * which can be started or stopped again. A server may take minutes, for which nobody is kept from
 * the store: what is mounted is what counts, and the kernel mounts nothing twice in one place. */
int pool_begin(struct cow_pool_store *store, const struct cow_pool *pool, const char *xml,
	       struct pool_lock *lock, struct cow_error *err)
{
	int r = pool->mount_source ? 0 : check_directory(pool, err);

	if (r == 0)
		r = check_directory_free(store, pool, err);
	if (r < 0)
		return r;
	r = xml ? pool_store_mark(store, pool, xml, err) : 0;
	/* It may be there, and only not known to last. */
	if (r < 0) {
		unmark(store, pool, NULL);
		return r;
	}
	if (!pool->mount_source)
		pool_announce(store, pool, COW_POOL_EVENT_STARTED);
	pool_store_unlock(lock);
	r = pool_mount(pool, err);
	if (r < 0 && xml && pool_store_lock(store, lock, NULL) == 0 &&
	    !(pool->mount_source && pool_mounted(pool) == COW_ANSWER_YES))
		unmark(store, pool, NULL);
	if (r == 0 && pool->mount_source)
		r = check_marked(store, pool, lock, err);
	if (r == 0 && pool->mount_source)
		pool_announce(store, pool, COW_POOL_EVENT_STARTED);
	pool_store_unlock(lock);
	/* Of what is mounted there was no root to give the policy to before this. How it came out
	 * is for a refresh to tell: the images must be reachable in any case. */
	if (r == 0)
		pool_apply_alone(store, pool);
	return r;
}

COW_EXPORT int cow_pool_start(struct cow_pool_store *store, struct cow_pool *pool,
			      struct cow_error *err)
{
	BASE_CLEANUP(lock) struct pool_lock lock = POOL_LOCK_INIT;
	bool unmounted = pool_mounted(pool) == COW_ANSWER_NO, again;
	int r;

	pool_await(pool);
	r = pool_store_lock_own(store, pool, &lock, err);
	if (r == 0)
		r = check_current(store, pool, err);
	if (r < 0)
		return r;
	/* Somebody else unmounted it, or the machine has another mount namespace by now. */
	again = unmounted && pool_store_started(store, pool) == COW_ANSWER_YES;
	r = again ? 0 : pool_check_startable(store, pool, err);
	if (r == 0)
		r = pool_begin(store, pool, again ? NULL : "", &lock, err);
	if (r == 0)
		pool_sweep(pool);
	return r < 0 ? r : cow_pool_refresh(store, pool, err);
}

/* The store is not locked meanwhile: a server that is gone would have all others wait. */
static int unmount(struct cow_pool_store *store, const struct cow_pool *pool,
		   struct pool_lock *lock, struct cow_error *err)
{
	int r;

	if (!pool->mount_source)
		return 0;
	if (pool_mounted(pool) == COW_ANSWER_NO)
		return pool_check_uncovered(pool, err);
	pool_store_unlock(lock);
	r = pool_unmount(pool, err);
	/* Somebody else may have been faster, or have moved it away. */
	if (r < 0 && pool_mounted(pool) == COW_ANSWER_NO)
		r = pool_check_uncovered(pool, err);
	if (r == 0)
		r = pool_store_lock(store, lock, err);
	if (r == 0)
		r = check_current(store, pool, err);
	if (r < 0 || pool_mounted(pool) != COW_ANSWER_YES)
		return r;
	return base_refuse(err, EBUSY, COW_CODE_BUSY, "pool %s was started again meanwhile",
			   BASE_QUOTE(pool->name));
}

COW_EXPORT int cow_pool_stop(struct cow_pool_store *store, struct cow_pool *pool,
			     struct cow_error *err)
{
	BASE_CLEANUP(lock) struct pool_lock lock = POOL_LOCK_INIT;
	int r = pool_store_lock_own(store, pool, &lock, err);

	if (r == 0)
		r = pool_store_check_started(store, pool, err);
	if (r == 0)
		r = check_current(store, pool, err);
	if (r == 0)
		r = unmount(store, pool, &lock, err);
	if (r == 0)
		r = unmark(store, pool, err);
	if (r < 0)
		return r;
	pool_announce(store, pool, COW_POOL_EVENT_STOPPED);
	if (!pool->persistent)
		pool_store_forget(store, pool);
	pool->state = COW_POOL_STATE_INACTIVE;
	return 0;
}
