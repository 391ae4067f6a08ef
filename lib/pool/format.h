/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef POOL_FORMAT_H
#define POOL_FORMAT_H

#include <stddef.h>

#include <cow/pool.h>

/* May a filesystem be made on the pool's device, as COW_POOL_BUILD_OVERWRITE or _NO_OVERWRITE asks
 * for? Nothing is written. */
int pool_format_check(const struct cow_pool *pool, unsigned flags, struct cow_error *err);
/* Make it, and look whether it is there. */
int pool_format(const struct cow_pool *pool, unsigned flags, struct cow_error *err);

#endif
