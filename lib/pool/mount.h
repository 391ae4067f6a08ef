/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef POOL_MOUNT_H
#define POOL_MOUNT_H

#include <cow/pool.h>

/* Mount it, and look whether it is there. Nothing is to be done for a pool of type dir. */
int pool_mount(const struct cow_pool *pool, struct cow_error *err);
int pool_unmount(const struct cow_pool *pool, struct cow_error *err);

#endif
