/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef POOL_START_H
#define POOL_START_H

#include "pool/store.h"

/* 0, or -EEXIST when it is started already. */
int pool_check_startable(const struct cow_pool_store *store, const struct cow_pool *pool,
			 struct cow_error *err);
/* Mark the pool started, with the definition that is in use (see pool_store_mark(); NULL: it is
 * marked), and mount what there is to mount. Takes over the lock of the store. On failure nothing
 * is mounted. */
int pool_begin(struct cow_pool_store *store, const struct cow_pool *pool, const char *xml,
	       struct pool_lock *lock, struct cow_error *err);

#endif
