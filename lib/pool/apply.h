/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef POOL_APPLY_H
#define POOL_APPLY_H

#include <cow/pool.h>

#include "pool/points.h"

/* The pool's directory, which is what is mounted there if anything is to be. @return fd. */
int pool_open_directory(const struct cow_pool *pool, struct cow_error *err);
/* Hold its directories against the policy and make them follow it, as pool_points_visit() does. */
int pool_apply(struct cow_pool_store *store, const struct cow_pool *pool, unsigned flags,
	       struct cow_pool_point ***ret, struct cow_error *err);
/* The pool's own, as far as the policy can be had. */
void pool_apply_alone(struct cow_pool_store *store, const struct cow_pool *pool);

#endif
