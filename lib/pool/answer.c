/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

#include "base/answer.h"
#include "base/macro.h"
#include "base/text.h"
#include "pool/answer.h"

void pool_await(const struct cow_pool *pool)
{
	if (pool->path)
		base_await(pool->path);
}

COW_EXPORT bool cow_pool_answers(const struct cow_pool *pool)
{
	bool file = pool->mount_source && base_equal(pool->type, "fs");

	return pool->path && base_answers(pool->path) &&
	       (!file || base_answers(pool->mount_source));
}

bool *pool_list_ask(struct cow_pool *const *pools)
{
	BASE_CLEANUP(free) const char **paths = NULL;
	BASE_CLEANUP(free) bool *answers = NULL;
	size_t count = 0;

	while (pools[count])
		count++;
	paths = calloc(count + 1, sizeof(*paths));
	answers = calloc(count + 1, sizeof(*answers));
	if (!paths || !answers)
		return NULL;
	for (size_t i = 0; i < count; i++)
		paths[i] = pools[i]->path;
	base_answers_each(paths, count, answers);
	return base_take(answers);
}

void pool_list_keep_answering(struct cow_pool **pools)
{
	BASE_CLEANUP(free) bool *answers = pool_list_ask(pools);
	struct cow_pool **kept = pools;

	/* Then it is for the caller to find out. */
	if (!answers)
		return;
	for (size_t i = 0; pools[i]; i++)
		if (answers[i])
			*kept++ = pools[i];
		else
			cow_pool_free(pools[i]);
	*kept = NULL;
}
