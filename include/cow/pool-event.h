/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COW_POOL_EVENT_H
#define COW_POOL_EVENT_H

/**
 * @file
 * What becomes of pools, told to whoever watches.
 *
 * There is no daemon: each program that changes one of a store's own pools notes it in a file
 * beside the marks of started pools, which everybody who may list that directory can watch. To note
 * it may fail (no space, no permission), and what was done stays done. What libvirt does to its own
 * pools is libvirt's to tell.
 */

#include <stdint.h>

#include <cow/error.h>
#include <cow/pool.h>

#ifdef __cplusplus
extern "C" {
#endif

enum cow_pool_event_kind {
	COW_POOL_EVENT_UNKNOWN = 0,
	COW_POOL_EVENT_DEFINED,   /**< a definition was stored, be it over an older one */
	COW_POOL_EVENT_UNDEFINED, /**< it is gone; before the same uuid is defined by another name
				   */
	COW_POOL_EVENT_STARTED,
	COW_POOL_EVENT_STOPPED,
	COW_POOL_EVENT_CREATED, /**< cow_pool_build() was done */
	COW_POOL_EVENT_DELETED, /**< the directory is gone */
	COW_POOL_EVENT_REFRESHED,
};

const char *cow_pool_event_name(enum cow_pool_event_kind kind); /**< "defined", ... */
/** The type libvirt has for it: "refresh" where it was refreshed, otherwise "lifecycle". */
const char *cow_pool_event_type_name(enum cow_pool_event_kind kind);

/** Made by the library; new fields come at the end. */
struct cow_pool_event {
	enum cow_pool_event_kind kind;
	const char *name; /**< of the pool */
	const char *uuid;
	int64_t seconds; /**< when it was done: since 1970 */
	uint32_t nanoseconds;
};

struct cow_pool_watch;

/** Watch a pool, or with NULL all of the store's own: from now on no event is missed. One of
 *  libvirt's is COW_CODE_REFUSED.
 *  @param store, pool need not outlive the watch. */
int cow_pool_watch_new(const struct cow_pool_store *store, const struct cow_pool *pool,
		       struct cow_pool_watch **ret, struct cow_error *err);
void cow_pool_watch_free(struct cow_pool_watch *watch);

/** Wait for the next event.
 *  @param timeout_ms how long at most, -1 for ever.
 *  @param ret_event holds until the next call and while the watch does.
 *  @return 1 an event; 0 there was none in that time, or a signal came; negative errno. -EOVERFLOW,
 *  COW_CODE_CHANGED: there were more than are kept for whoever is slow, or somebody else wrote or
 *  removed the file. Some may have been missed; the next call goes on with what there is. */
int cow_pool_watch_next(struct cow_pool_watch *watch, int timeout_ms,
			const struct cow_pool_event **ret_event, struct cow_error *err);

#ifdef __cplusplus
}
#endif
#endif
