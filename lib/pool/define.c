/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "pool/answer.h"
#include "pool/build.h"
#include "pool/directory.h"
#include "pool/event.h"
#include "pool/start.h"
#include "pool/store.h"

DEFINE_CLEANUP(pools, struct cow_pool **, cow_pool_list_free, NULL)
DEFINE_CLEANUP(pool, struct cow_pool *, cow_pool_free, NULL)

static int fail_clash(const struct cow_pool *old, const char *what, struct cow_error *err)
{
	return base_refuse(err, EEXIST, COW_CODE_EXISTS, "pool %s with uuid %s has %s already",
			   BASE_QUOTE(old->name), old->uuid, what);
}

/* The rules are libvirt's: name and uuid belong together, a directory has one pool, and so
 * has what is mounted there. */
static int check_against(const struct cow_pool *old, const struct cow_pool *pool,
			 struct cow_error *err)
{
	bool same_name = base_equal(old->name, pool->name);
	bool same_uuid = base_equal(old->uuid, pool->uuid);
	bool same_path = base_equal(old->path, pool->path);
	bool same_source = base_equal(old->mount_source, pool->mount_source);

	if (same_name != same_uuid)
		return fail_clash(old, same_name ? "this name" : "this uuid", err);
	if (!same_name && (same_path || same_source))
		return fail_clash(old, same_path ? "this directory" : "this source", err);
	return 0;
}

/* Where it runs and where it will be started next: both are the other one's. */
static int check_against_both(const struct cow_pool_store *store, const struct cow_pool *old,
			      const struct cow_pool *pool, struct cow_error *err)
{
	BASE_CLEANUP(definition) struct pool_definition *stored = NULL;
	int r = check_against(old, pool, err);

	if (r < 0 || old->pending != COW_ANSWER_YES)
		return r;
	r = pool_store_read_stored(store, old->source, old->name, &stored, err);
	return r < 0 ? r : check_against(&stored->pool, pool, err);
}

/* @param ret_old the one of its name, as it is in use, or NULL. */
static int check_clashes(struct cow_pool_store *store, const struct cow_pool *pool,
			 struct pool_definition **ret_old, struct cow_error *err)
{
	BASE_CLEANUP(pools) struct cow_pool **pools = NULL;
	size_t broken;
	int r = pool_store_read(store, COW_POOL_SOURCE_COWCTL, pool->name, ret_old, err);

	/* One of this name that can't be read might be anybody's: it is not written over. */
	if (r < 0 && r != -ENOENT)
		return r;
	if (r == -ENOENT)
		pool_store_drop_mark(store, pool->name);
	r = cow_pool_list(store, &pools, &broken, NULL);
	if (r < 0)
		return base_fail(err, -r, "list pools");
	for (size_t i = 0; pools[i]; i++) {
		if (pools[i]->source != COW_POOL_SOURCE_COWCTL)
			continue;
		r = check_against_both(store, pools[i], pool, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* What runs is not moved: it goes on with the definition it was started with, which is noted before
 * another one is stored. Anything else that is changed is in use at once. */
static int store_definition(struct cow_pool_store *store, int dirfd, const struct cow_pool *pool,
			    const struct pool_definition *old, struct cow_error *err)
{
	const struct pool_definition *definition = (const struct pool_definition *)pool;
	bool stays = old && pool_is_elsewhere(&old->pool, pool) &&
		     pool_store_started(store, &old->pool) != COW_ANSWER_NO;
	BASE_CLEANUP(free) char *xml = NULL, *running = NULL;
	BASE_CLEANUP(free) char *file = base_format("%s.xml", pool->name);
	int r = pool_xml_dump(definition, &xml, err);

	if (r == 0 && !file)
		r = base_fail(err, ENOMEM, "write a pool definition");
	if (r == 0 && stays)
		r = pool_xml_dump(old, &running, err);
	if (r == 0 && stays)
		r = pool_store_mark(store, pool, running, err);
	if (r == 0)
		r = pool_store_write(dirfd, file, xml, true, err);
	if (r == 0 && !stays && pool_store_started(store, pool) == COW_ANSWER_YES)
		r = pool_store_mark(store, pool, "", err);
	return r;
}

/* Nobody has stored another one since `old` was read, and it is that one which is replaced. */
static int check_unchanged(struct cow_pool_store *store, const struct cow_pool *old,
			   const struct cow_pool *pool, struct cow_error *err)
{
	BASE_CLEANUP(pool) struct cow_pool *now = NULL;
	BASE_CLEANUP(free) char *before = NULL, *after = NULL;
	int r;

	if (!base_equal(old->uuid, pool->uuid))
		return base_refuse(err, EINVAL, COW_CODE_USAGE,
				   "pool %s has uuid %s, and the new definition another one",
				   BASE_QUOTE(old->name), old->uuid);
	r = cow_pool_lookup_stored(store, old->uuid, &now, err);
	if (r == 0)
		r = cow_pool_dump_xml(old, &before, err);
	if (r == 0)
		r = cow_pool_dump_xml(now, &after, err);
	if (r < 0 || base_equal(before, after))
		return r;
	return base_refuse(err, ESTALE, COW_CODE_CHANGED,
			   "the definition of pool %s was changed meanwhile",
			   BASE_QUOTE(old->name));
}

static int define(struct cow_pool_store *store, const struct cow_pool *pool,
		  const struct cow_pool *old, struct cow_error *err)
{
	BASE_CLEANUP(definition) struct pool_definition *now = NULL;
	BASE_CLEANUP(lock) struct pool_lock lock = POOL_LOCK_INIT;
	int r = pool_definition_check((const struct pool_definition *)pool, err);

	if (r == 0)
		r = pool_store_lock(store, &lock, err);
	if (r == 0 && old)
		r = check_unchanged(store, old, pool, err);
	if (r == 0)
		r = check_clashes(store, pool, &now, err);
	if (r == 0)
		r = store_definition(store, lock.dirfd, pool, now, err);
	if (r == 0)
		pool_announce(store, pool, COW_POOL_EVENT_DEFINED);
	return r;
}

COW_EXPORT int cow_pool_define(struct cow_pool_store *store, const struct cow_pool *pool,
			       struct cow_error *err)
{
	return define(store, pool, NULL, err);
}

COW_EXPORT int cow_pool_replace(struct cow_pool_store *store, const struct cow_pool *old,
				const struct cow_pool *pool, struct cow_error *err)
{
	int r = pool_store_check_own(old, err);

	return r < 0 ? r : define(store, pool, old, err);
}

/* May it be started without being stored? The store is locked. */
static int check_creatable(struct cow_pool_store *store, const struct cow_pool *pool,
			   struct cow_error *err)
{
	BASE_CLEANUP(definition) struct pool_definition *old = NULL;
	int r = check_clashes(store, pool, &old, err);

	/* That one may have another source, which is mounted. */
	if (r == 0 && old)
		r = pool_check_startable(store, &old->pool, err);
	return r < 0 ? r : pool_check_startable(store, pool, err);
}

/* Make the filesystem that is asked for, when the pool may be created at all, and without keeping
 * others from the store meanwhile. */
static int make_filesystem(struct cow_pool_store *store, const struct cow_pool *pool,
			   unsigned flags, struct cow_error *err)
{
	BASE_CLEANUP(lock) struct pool_lock lock = POOL_LOCK_INIT;
	int r = pool_store_lock(store, &lock, err);

	if (r == 0)
		r = check_creatable(store, pool, err);
	if (r < 0)
		return r;
	pool_store_unlock(&lock);
	return pool_build_device(pool, flags, err);
}

COW_EXPORT int cow_pool_create(struct cow_pool_store *store, const struct cow_pool *pool,
			       unsigned flags, struct cow_error *err)
{
	const struct pool_definition *definition = (const struct pool_definition *)pool;
	struct cow_pool_build_result result = {0};
	BASE_CLEANUP(free) char *xml = NULL;
	BASE_CLEANUP(lock) struct pool_lock lock = POOL_LOCK_INIT;
	unsigned build = flags & (COW_POOL_CREATE_OVERWRITE | COW_POOL_CREATE_NO_OVERWRITE);
	int r = pool_definition_check(definition, err);

	if (flags & ~(COW_POOL_CREATE_BUILD | build))
		return base_fail(err, EINVAL, "create a pool: unknown flags 0x%x", flags);
	if (r == 0)
		r = pool_xml_dump(definition, &xml, err);
	if (r == 0 && build)
		r = make_filesystem(store, pool, build, err);
	pool_await(pool);
	if (r == 0)
		r = pool_store_lock(store, &lock, err);
	if (r == 0)
		r = check_creatable(store, pool, err);
	if (r == 0 && flags)
		r = pool_build(pool, build, &result, err);
	if (r == 0)
		r = pool_begin(store, pool, xml, &lock, err);
	/* Never what somebody has put into it meanwhile. */
	if (r < 0 && result.created)
		pool_directory_remove(pool, NULL);
	return r;
}

COW_EXPORT int cow_pool_undefine(struct cow_pool_store *store, const char *name_or_uuid,
				 struct cow_error *err)
{
	BASE_CLEANUP(free) char *file = NULL;
	BASE_CLEANUP(pool) struct cow_pool *pool = NULL;
	BASE_CLEANUP(lock) struct pool_lock lock = POOL_LOCK_INIT;
	int r = cow_pool_lookup(store, name_or_uuid, &pool, err);

	if (r == 0)
		r = pool_store_lock_own(store, pool, &lock, err);
	if (r == 0)
		r = pool_store_check_stopped(store, pool, err);
	if (r < 0)
		return r;
	r = pool_store_set_autostart(lock.dirfd, pool->name, false, err);
	if (r < 0)
		return r;
	file = base_format("%s.xml", pool->name);
	if (!file)
		return base_fail(err, ENOMEM, "undefine a pool");
	/* Somebody else was faster. */
	r = unlinkat(lock.dirfd, file, 0) < 0 ? errno : 0;
	if (r == ENOENT)
		return base_refuse(err, r, COW_CODE_NOT_FOUND, "no pool %s",
				   BASE_QUOTE(pool->name));
	if (r)
		return base_fail(err, r, "remove %s", BASE_QUOTE(file));
	pool_store_forget(store, pool);
	pool_announce(store, pool, COW_POOL_EVENT_UNDEFINED);
	r = base_sync_directory(lock.dirfd);
	return r < 0 ? base_fail(err, -r, "write the removal of %s to disk", BASE_QUOTE(file)) : 0;
}
