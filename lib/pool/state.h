/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef POOL_STATE_H
#define POOL_STATE_H

#include <cow/pool.h>

/* 0 when the pool's directory is there and can be listed; -ENODEV when what is to be mounted on it
 * is not. @param mounted of pool_mounted(). */
int pool_look_at_directory(const struct cow_pool *pool, enum cow_answer mounted);

#endif
