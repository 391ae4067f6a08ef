/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef POOL_APPLY_H
#define POOL_APPLY_H

#include <cow/pool.h>

/* Make the pool's own directory follow the policy, as far as that can be had. */
void pool_apply_alone(const struct cow_pool *pool);

#endif
