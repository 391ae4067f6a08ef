/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef POOL_UNUSED_H
#define POOL_UNUSED_H

#include <cow/pool.h>

/* 0, or -EBUSY while a program uses the pool's device or file, which is open as fd: a guest, say.
 */
int pool_check_unused(const struct cow_pool *pool, int fd, struct cow_error *err);

#endif
