/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "pool/answer.h"
#include "pool/mounted.h"
#include "pool/store.h"

DEFINE_CLEANUP(pools, struct cow_pool **, cow_pool_list_free, NULL)

/* Take one out of a list: what it is made of moves, the last takes its place. */
static struct cow_pool *take_from(struct cow_pool **pools, size_t at)
{
	struct cow_pool *pool = pools[at];
	size_t last = at;

	while (pools[last + 1])
		last++;
	pools[at] = pools[last];
	pools[last] = NULL;
	return pool;
}

static int fail_to_find(const char *name, const struct cow_error *broken, struct cow_error *err)
{
	if (broken->message[0])
		return base_remedy(err,
				   base_refuse(err, ENOENT, COW_CODE_NOT_FOUND,
					       "no pool %s among those that can be read",
					       BASE_QUOTE(name)),
				   "%s%s%s", broken->message, broken->errnum ? ": " : "",
				   broken->errnum ? strerrordesc_np(broken->errnum) : "");
	return base_refuse(err, ENOENT, COW_CODE_NOT_FOUND, "no pool %s", BASE_QUOTE(name));
}

static int lookup_uuid(struct cow_pool_store *store, const char *name, struct cow_pool **ret,
		       struct cow_error *err)
{
	BASE_CLEANUP(pools) struct cow_pool **pools = NULL;
	char uuid[POOL_UUID_SIZE] = "";
	struct cow_error broken = {0};
	size_t count, found = SIZE_MAX;
	int r = cow_pool_list(store, &pools, &count, &broken);

	if (r < 0)
		return base_fail(err, -r, "list pools");
	pool_uuid_parse(name, uuid);
	for (size_t i = 0; pools[i]; i++)
		if (uuid[0] && base_equal(pools[i]->uuid, uuid) &&
		    (found == SIZE_MAX || pools[i]->source == COW_POOL_SOURCE_COWCTL))
			found = i;
	if (found == SIZE_MAX)
		return fail_to_find(name, &broken, err);
	*ret = take_from(pools, found);
	return 0;
}

/* No file is opened by a name that could lead out of the directory. libvirt asks no more of its
 * names. */
static bool may_be_named(enum cow_pool_source source, const char *name)
{
	return source == COW_POOL_SOURCE_COWCTL ? pool_name_check(name, NULL) == 0
						: *name && !strchr(name, '/');
}

COW_EXPORT int cow_pool_lookup(struct cow_pool_store *store, const char *name_or_uuid,
			       struct cow_pool **ret, struct cow_error *err)
{
	static const enum cow_pool_source sources[] = {COW_POOL_SOURCE_COWCTL,
						       COW_POOL_SOURCE_LIBVIRT};
	struct pool_definition *definition = NULL;
	char uuid[POOL_UUID_SIZE];
	int r;

	/* As in libvirt, a pool that is named like a uuid doesn't stand before the one that has it.
	 */
	if (pool_uuid_parse(name_or_uuid, uuid) == 0) {
		r = lookup_uuid(store, name_or_uuid, ret, err);
		if (r != -ENOENT)
			return r;
	}
	for (size_t i = 0; i < BASE_ARRAY_SIZE(sources); i++) {
		if (!may_be_named(sources[i], name_or_uuid))
			continue;
		r = pool_store_read(store, sources[i], name_or_uuid, &definition, err);
		if (r == 0)
			*ret = &definition->pool;
		if (r != -ENOENT)
			return r;
	}
	return lookup_uuid(store, name_or_uuid, ret, err);
}

COW_EXPORT int cow_pool_lookup_stored(struct cow_pool_store *store, const char *name_or_uuid,
				      struct cow_pool **ret, struct cow_error *err)
{
	struct pool_definition *stored = NULL;
	struct cow_pool *pool = NULL;
	int r = cow_pool_lookup(store, name_or_uuid, &pool, err);

	if (r < 0)
		return r;
	/* Of one that is stored nowhere there is only what it was started with. */
	if (pool->persistent) {
		r = pool_store_read_stored(store, pool->source, pool->name, &stored, err);
		cow_pool_free(pool);
		pool = r == 0 ? &stored->pool : NULL;
	}
	if (r == 0)
		*ret = pool;
	return r;
}

/* The path with symlinks resolved as far as it exists. */
static char *resolve(const char *path)
{
	BASE_CLEANUP(free) char *clean = pool_path_clean(path), *above = NULL;
	char *real = clean ? realpath(clean, NULL) : NULL, *slash;

	if (real || !clean || errno != ENOENT)
		return real;
	slash = strrchr(clean, '/');
	if (slash)
		*slash = '\0';
	above = resolve(!slash ? "." : slash == clean ? "/" : clean);
	if (!above)
		return NULL;
	return base_format("%s/%s", base_equal(above, "/") ? "" : above, slash ? slash + 1 : clean);
}

/* How much of `path` lies above it or is it: the length of `directory`, 0 when it is elsewhere. */
static size_t covers(const char *directory, const char *path)
{
	size_t length = strlen(directory);

	if (strncmp(path, directory, length) != 0 || (path[length] && path[length] != '/'))
		return 0;
	return length;
}

/* Of two with one directory: ours, which has a policy of its own, then the one that is started. */
static bool goes_before(const struct cow_pool_store *store, const struct cow_pool *one,
			const struct cow_pool *two)
{
	if (one->source != two->source)
		return one->source == COW_POOL_SOURCE_COWCTL;
	return pool_store_started(store, one) == COW_ANSWER_YES &&
	       pool_store_started(store, two) != COW_ANSWER_YES;
}

COW_EXPORT int cow_pool_lookup_path(struct cow_pool_store *store, const char *path,
				    struct cow_pool **ret, struct cow_error *err)
{
	BASE_CLEANUP(pools) struct cow_pool **pools = NULL;
	BASE_CLEANUP(free) char *wanted = resolve(path);
	struct cow_error broken = {0};
	size_t count, nearest = 0, best = 0;
	int r;

	if (!wanted)
		return base_fail(err, errno, "look at %s", BASE_QUOTE(path));
	r = cow_pool_list(store, &pools, &count, &broken);
	if (r < 0)
		return base_fail(err, -r, "list pools");
	pool_list_keep_answering(pools);
	for (size_t i = 0; pools[i]; i++) {
		bool there = pool_mounted(pools[i]) != COW_ANSWER_NO;
		BASE_CLEANUP(free)
		char *directory = there ? resolve(pools[i]->path) : NULL;
		size_t length = directory ? covers(directory, wanted) : 0;

		if (length > best ||
		    (best && length == best && goes_before(store, pools[i], pools[nearest]))) {
			best = length;
			nearest = i;
		}
	}
	if (!best)
		return base_refuse(err, ENOENT, COW_CODE_NOT_FOUND, "no pool holds %s",
				   BASE_QUOTE(path));
	*ret = take_from(pools, nearest);
	return 0;
}
