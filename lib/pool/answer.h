/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef POOL_ANSWER_H
#define POOL_ANSWER_H

#include <cow/pool.h>

/* Wait until it does: before anything is locked that others wait for. */
void pool_await(const struct cow_pool *pool);

/* Which of a list have a path that answers: free it; NULL: out of memory. All are asked at once:
 * a server that is gone may have many. */
bool *pool_list_ask(struct cow_pool *const *pools);
/* Free those of a list that have no directory, or one that does not answer. */
void pool_list_keep_answering(struct cow_pool **pools);

#endif
