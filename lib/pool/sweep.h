/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef POOL_SWEEP_H
#define POOL_SWEEP_H

#include <cow/pool.h>

/* Clear up what somebody who was killed, or a power cut, left in a pool's directory. What has to be
 * decided by somebody is counted in the pool. */
void pool_sweep(struct cow_pool *pool);

/* Have nobody clear up what is being made in that directory under a hidden name, until what this
 * returns is closed. Who can't have it (-errno) goes on: at worst what was made is gone. */
int pool_sweep_hold_off(int dirfd);

#endif
