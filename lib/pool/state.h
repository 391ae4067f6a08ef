/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef POOL_STATE_H
#define POOL_STATE_H

#include <cow/pool.h>

/* 0, or -EEXIST when it is started already. */
int pool_check_startable(const struct cow_pool_store *store, const struct cow_pool *pool,
			 struct cow_error *err);
/* 0 when the directory a pool is to be started with is there and can be listed. */
int pool_check_directory(const struct cow_pool *pool, struct cow_error *err);

#endif
