/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef POOL_ANSWER_H
#define POOL_ANSWER_H

#include <stdbool.h>

#include <cow/pool.h>

/* Does what lies at a path answer, be it with an error? A server that is gone, or a filesystem in a
 * program that is, would have whoever looks wait for ever. */
bool pool_answers(const char *path);

/* Wait until it does: before anything is locked that others wait for. */
void pool_await(const struct cow_pool *pool);

#endif
