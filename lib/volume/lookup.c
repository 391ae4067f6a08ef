/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "pool/definition.h"
#include "volume/volume.h"

DEFINE_CLEANUP(pool, struct cow_pool *, cow_pool_free, NULL)

COW_EXPORT int cow_volume_lookup(struct cow_pool_store *store, const struct cow_pool *pool,
				 const char *name, struct cow_volume **ret, struct cow_error *err)
{
	BASE_CLEANUP(place) struct volume_place place = {.fd = -1};
	int r = volume_place_open(&place, store, pool, err);

	return r < 0 ? r : volume_find(&place, true, name, ret, err);
}

static bool is_same_directory(const char *a, const char *b)
{
	struct stat one, two;

	return stat(a, &one) == 0 && stat(b, &two) == 0 && base_same_file(&one, &two);
}

COW_EXPORT int cow_volume_lookup_path(struct cow_pool_store *store, const char *path,
				      struct cow_pool **ret_pool, struct cow_volume **ret,
				      struct cow_error *err)
{
	BASE_CLEANUP(pool) struct cow_pool *pool = NULL;
	BASE_CLEANUP(free) char *above = pool_path_clean(path);
	char *slash = above ? strrchr(above, '/') : NULL;
	const char *directory = !slash ? "." : slash == above ? "/" : above;
	const char *name = slash ? slash + 1 : above;
	int r;

	if (!above)
		return base_fail(err, ENOMEM, "look at volume %s", BASE_QUOTE(path));
	if (slash)
		*slash = '\0';
	/* The volume may be a symlink: only the directory's are resolved. */
	r = cow_pool_lookup_path(store, directory, &pool, err);
	if (r < 0)
		return r;
	if (!is_same_directory(directory, pool->path))
		return base_refuse(err, ENOENT, COW_CODE_NOT_FOUND, "no pool has the volume %s",
				   BASE_QUOTE(path));
	r = cow_volume_lookup(store, pool, name, ret, err);
	if (r == 0 && ret_pool)
		*ret_pool = base_take(pool);
	return r;
}
