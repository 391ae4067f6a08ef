/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A pool definition: what is taken means the same when it is written and read again. */
#include <string.h>

#include <cow/pool.h>

#include "target.h"

static char *dump(const struct cow_pool *pool)
{
	char *xml = NULL;

	FUZZ_CHECK(cow_pool_dump_xml(pool, &xml, NULL) == 0);
	return xml;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cow_pool *pool = NULL, *again = NULL;
	struct cow_error err = {0};
	char *xml, *same;

	if (cow_pool_new_xml((const char *)data, size, &pool, &err) < 0) {
		FUZZ_CHECK(err.message[0] && cow_text_is_utf8(err.message));
		FUZZ_CHECK(!strchr(err.message, '\n') && !strchr(err.message, '\x1b'));
		return 0;
	}
	xml = dump(pool);
	FUZZ_CHECK(cow_pool_new_xml(xml, strlen(xml), &again, NULL) == 0);
	same = dump(again);
	FUZZ_CHECK(!strcmp(xml, same));
	FUZZ_CHECK(!strcmp(pool->name, again->name) && !strchr(pool->name, '/'));
	FUZZ_CHECK(!strcmp(pool->path, again->path) && pool->path[0] == '/');
	FUZZ_CHECK(!strcmp(pool->uuid, again->uuid) && strlen(pool->uuid) == 36);
	FUZZ_CHECK(pool->policy == again->policy && pool->policy != COW_POLICY_UNKNOWN);
	FUZZ_CHECK(pool->mode == again->mode && pool->owner == again->owner &&
		   pool->group == again->group);
	FUZZ_CHECK(!pool->mount_source == !again->mount_source);
	if (pool->mount_source) {
		FUZZ_CHECK(!strcmp(pool->mount_source, again->mount_source));
		FUZZ_CHECK(!strcmp(pool->mount_options, again->mount_options));
		FUZZ_CHECK(!strchr(pool->mount_type, '/') && pool->mount_type[0]);
	}
	/* whatever it says, it ends */
	cow_pool_validate_xml((const char *)data, size, NULL);
	free(xml);
	free(same);
	cow_pool_free(pool);
	cow_pool_free(again);
	return 0;
}
