/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef POOL_MOUNTED_H
#define POOL_MOUNTED_H

#include <cow/pool.h>

/* Of a pool that has something mounted on its directory: is it that, and on top? By mountinfo, for
 * anybody may have mounted or unmounted it. Yes of all others. */
enum cow_answer pool_mounted(const struct cow_pool *pool);
/* The same of an open directory of its path, or the -errno of opening it. */
enum cow_answer pool_mounted_at(const struct cow_pool *pool, int fd);

/* The same of what has that source in mountinfo, where it can't be opened. */
enum cow_answer pool_is_source(const struct cow_pool *pool, const char *source);

/* 0, or -EINVAL when an open directory of the pool's path is not known to be what is mounted there:
 * what is in it is not the pool's. */
int pool_check_mounted(const struct cow_pool *pool, int fd, struct cow_error *err);

/* 0, or -EBUSY when something is mounted on an open directory of the pool's path: it would be
 * hidden. */
int pool_check_bare(const struct cow_pool *pool, int fd, struct cow_error *err);
/* 0, or -EBUSY when what may be the pool's is mounted there, but can't be reached: something was
 * mounted over it or above it, or its directory was moved. */
int pool_check_uncovered(const struct cow_pool *pool, struct cow_error *err);

#endif
