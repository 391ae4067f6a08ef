/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pool/answer.h"
#include "pool/directory.h"
#include "pool/event.h"
#include "pool/store.h"

COW_EXPORT int cow_pool_delete(struct cow_pool_store *store, const struct cow_pool *pool,
			       struct cow_error *err)
{
	BASE_CLEANUP(lock) struct pool_lock lock = POOL_LOCK_INIT;
	int r;

	pool_await(pool);
	r = pool_store_lock_own(store, pool, &lock, err);
	if (r == 0)
		r = pool_store_check_stopped(store, pool, err);
	if (r == 0)
		r = pool_directory_remove(pool, err);
	if (r == 0)
		pool_announce(store, pool, COW_POOL_EVENT_DELETED);
	return r;
}
