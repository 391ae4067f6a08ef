/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef POOL_BUILD_H
#define POOL_BUILD_H

#include <cow/pool.h>

/* Make the filesystem on its device that the flags ask for, if any. The store is better not locked:
 * it takes its time, during which the kernel keeps the device from being mounted. */
int pool_build_device(const struct cow_pool *pool, unsigned flags, struct cow_error *err);

/* The rest of cow_pool_build(), of a pool of our own that is not started, in a store that is
 * locked.
 */
int pool_build(const struct cow_pool *pool, unsigned flags, struct cow_pool_build_result *ret,
	       struct cow_error *err);

/* The same where there is no such directory yet, without a dry run. */
int pool_build_new(const struct cow_pool *pool, unsigned flags, struct cow_pool_build_result *ret,
		   struct cow_error *err);

#endif
