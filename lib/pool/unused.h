/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef POOL_UNUSED_H
#define POOL_UNUSED_H

#include <cow/pool.h>

/* 0, or -EBUSY while a program uses the pool's device or file, which is open as fd: a guest, say.
 */
int pool_check_unused(const struct cow_pool *pool, int fd, struct cow_error *err);

/* Look at the way to the source of a pool of type fs: whoever made a symlink there would say what
 * is mounted, or written over. *ret_fd is O_PATH, or -1 where it can't be opened, which is for the
 * caller to find out. */
int pool_open_source(const struct cow_pool *pool, int *ret_fd, struct cow_error *err);

#endif
