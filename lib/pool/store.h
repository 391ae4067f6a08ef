/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef POOL_STORE_H
#define POOL_STORE_H

#include "base/fd.h"
#include "pool/definition.h"

/* Where definitions and the marks of started pools lie. Nothing is kept open. */
struct cow_pool_store {
	enum cow_pool_scope scope;
	char *pools;       /* our definitions, NAME.xml, and autostart/NAME.xml */
	char *runtime;     /* NAME.started, see pool_store_mark(); gone after a reboot */
	char *cache;       /* what may be deleted at any time, for it can be found out again; or
			      NULL: nowhere */
	char *libvirt;     /* libvirt's definitions */
	char *libvirt_run; /* NAME.xml for each of libvirt's pools that is active, with what it was
			      started with */
};

/* The definitions, which nobody else changes meanwhile. */
struct pool_lock {
	int dirfd; /* of the definitions; O_PATH */
	int fd;    /* of the lock file */
};

#define POOL_LOCK_INIT                                                                             \
	{                                                                                          \
		.dirfd = -1, .fd = -1                                                              \
	}

static inline void pool_store_unlock(struct pool_lock *lock)
{
	base_cleanup_fd(&lock->fd);
	base_cleanup_fd(&lock->dirfd);
	*lock = (struct pool_lock)POOL_LOCK_INIT;
}

static inline void base_cleanup_lock(struct pool_lock *lock)
{
	pool_store_unlock(lock);
}

/* The definition of one source that is in use, or is stored; -ENOENT when there is none. */
int pool_store_read(const struct cow_pool_store *store, enum cow_pool_source source,
		    const char *name, struct pool_definition **ret, struct cow_error *err);
int pool_store_read_stored(const struct cow_pool_store *store, enum cow_pool_source source,
			   const char *name, struct pool_definition **ret, struct cow_error *err);
/* Is DIRECTORY/NAME.SUFFIX there? */
enum cow_answer pool_store_has(const char *directory, const char *name, const char *suffix);
/* libvirt's pools are looked at, never changed: COW_CODE_REFUSED. */
int pool_store_check_own(const struct cow_pool *pool, struct cow_error *err);

/* 0, or -EBUSY while it is marked started. */
int pool_store_check_stopped(const struct cow_pool_store *store, const struct cow_pool *pool,
			     struct cow_error *err);

/* 0, or -EINVAL while it is not. */
int pool_store_check_started(const struct cow_pool_store *store, const struct cow_pool *pool,
			     struct cow_error *err);

/* 0, or -ENOENT when there is no definition of this pool on disk (any more). */
int pool_store_check_defined(const struct cow_pool_store *store, const struct cow_pool *pool,
			     struct cow_error *err);

/* Make or remove the link that has a pool started at boot. */
int pool_store_set_autostart(int dirfd, const char *name, bool on, struct cow_error *err);

/* The directory of one source's definitions. */
const char *pool_store_definitions(const struct cow_pool_store *store, enum cow_pool_source source);

/* Keep others from changing definitions and states until it is unlocked. The directory of the
 * definitions is made when it is not there. -EBUSY when somebody else keeps it locked. */
int pool_store_lock(const struct cow_pool_store *store, struct pool_lock *ret,
		    struct cow_error *err);
/* The same, to change a pool, which has to be one of ours. */
int pool_store_lock_own(const struct cow_pool_store *store, const struct cow_pool *pool,
			struct pool_lock *ret, struct cow_error *err);

/* The directory of what may be deleted, made when it is not there. @return fd or -errno. */
int pool_store_open_cache(const struct cow_pool_store *store);
/* The directory of the marks, made when it is not there. @return fd (O_PATH) or -errno. */
int pool_store_open_runtime(const struct cow_pool_store *store);
/* Delete what is there of a pool. */
void pool_store_forget(const struct cow_pool_store *store, const struct cow_pool *pool);
/* What was found in its volumes: where it lies, in the cache. */
#define POOL_STORE_INDEX "%s.index" /* by uuid: a name may be one of ours and of libvirt's */

/* Write a small file whole or not at all, in a store that is locked; without `replace` one that is
 * there is -EEXIST. */
int pool_store_write(int dirfd, const char *file, const char *text, bool replace,
		     struct cow_error *err);

/* Mark a pool started, with the definition that is in use; "": the stored one. The store is locked.
 * A pool without a stored one is gone with its mark. */
int pool_store_mark(const struct cow_pool_store *store, const struct cow_pool *pool,
		    const char *xml, struct cow_error *err);

/* Remove what is left of a pool that was started when somebody removed its definition by hand: it
 * is none of the next one's of that name. The store is locked. */
void pool_store_drop_mark(const struct cow_pool_store *store, const char *name);

/* Whether a pool is marked started (libvirt's: active), or has mounted what it is there for. */
enum cow_answer pool_store_started(const struct cow_pool_store *store, const struct cow_pool *pool);
/* The same where pool_mounted() was asked already. */
enum cow_answer pool_store_started_with(const struct cow_pool_store *store,
					const struct cow_pool *pool, enum cow_answer mounted);

/* Whether one of ours is marked, be anything mounted or not: nothing but the store is looked at. */
enum cow_answer pool_store_marked(const struct cow_pool_store *store, const struct cow_pool *pool);

#endif
