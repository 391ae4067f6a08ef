/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef POOL_POINTS_H
#define POOL_POINTS_H

#include <cow/pool.h>

#include "base/macro.h"

DEFINE_CLEANUP(points, struct cow_pool_point **, cow_pool_points_free, NULL)

/* Beside COW_POOL_APPLY_CHECK: the directory itself, and nothing that is in it. */
#define POOL_POINTS_ALONE 0x80000000u

/* Hold an open directory and all below it against the pool's policy, but for what other pools of
 * the store have their directories in. */
int pool_points_visit(struct cow_pool_store *store, int fd, const struct cow_pool *pool,
		      unsigned flags, struct cow_pool_point ***ret, struct cow_error *err);

#endif
