/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef POOL_ANSWER_H
#define POOL_ANSWER_H

#include <cow/pool.h>

#include "base/answer.h"

/* Wait until it does: before anything is locked that others wait for. */
static inline void pool_await(const struct cow_pool *pool)
{
	if (pool->path)
		base_await(pool->path);
}

#endif
