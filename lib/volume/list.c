/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>

#include "base/crew.h"
#include "base/error.h"
#include "base/text.h"
#include "pool/definition.h"
#include "volume/index.h"
#include "volume/names.h"

DEFINE_CLEANUP(crew, struct base_crew *, base_crew_free, NULL)
DEFINE_CLEANUP(pool, struct cow_pool *, cow_pool_free, NULL)

/* All volumes of one pool. */
struct listing {
	struct base_lot lot; /* first: one is the other; its count is that of the names */
	struct volume_place place;
	char *const *names;
	struct cow_volume **volumes; /* as many, and NULL; where there is none NULL too */
	atomic_int failed;
};

static void look(struct base_lot *lot, size_t i)
{
	struct listing *list = (struct listing *)lot;
	struct volume_made *made = NULL;
	int r = volume_look(&list->place, false, list->names[i], &made);

	if (r < 0)
		atomic_store(&list->failed, r);
	list->volumes[i] = made ? &made->volume : NULL;
}

static int look_at_all(struct listing *list)
{
	BASE_CLEANUP(crew) struct base_crew *crew = NULL;
	int r = base_crew_new(&crew);

	if (r < 0)
		return r;
	list->lot.work = look;
	base_crew_begin(crew, &list->lot);
	base_crew_wait(crew);
	return atomic_load(&list->failed);
}

/* Without the names that turned out to be no volumes. */
static void close_gaps(struct listing *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->lot.count; i++)
		if (list->volumes[i])
			list->volumes[kept++] = list->volumes[i];
	list->volumes[kept] = NULL;
}

static int list_all(struct listing *list)
{
	BASE_CLEANUP(volume_names) struct volume_names names = {0};
	int r = volume_names_read(&names, list->place.fd);

	if (r < 0)
		return r;
	list->names = names.names;
	list->lot.count = names.count;
	list->volumes = calloc(names.count + 1, sizeof(list->volumes[0]));
	if (!list->volumes)
		return -ENOMEM;
	r = look_at_all(list);
	close_gaps(list);
	return r;
}

/* With what is remembered of the files, and remember what is new of them. */
static int list_by_index(struct listing *list, bool fresh)
{
	BASE_CLEANUP(index) struct volume_index index = {0};
	int r;

	if (!fresh)
		volume_index_read(&list->place, &index);
	list->place.index = &index;
	r = list_all(list);
	list->place.index = NULL;
	if (r == 0)
		volume_index_update(&list->place, &index, list->volumes);
	return r;
}

COW_EXPORT int cow_volume_list(struct cow_pool_store *store, const struct cow_pool *pool,
			       unsigned flags, struct cow_volume ***ret_volumes,
			       struct cow_error *err)
{
	struct listing list = {0};
	int r;

	if (flags & ~COW_VOLUME_LIST_NO_INDEX)
		return base_fail(err, EINVAL, "list volumes: unknown flags 0x%x", flags);
	r = volume_place_open(&list.place, store, pool, err);
	if (r < 0)
		return r;
	r = list_by_index(&list, flags & COW_VOLUME_LIST_NO_INDEX);
	volume_place_close(&list.place);
	if (r < 0) {
		cow_volume_list_free(list.volumes);
		return base_fail(err, -r, "list directory %s", BASE_QUOTE(pool->path));
	}
	*ret_volumes = list.volumes;
	return 0;
}

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

	return stat(a, &one) == 0 && stat(b, &two) == 0 && one.st_dev == two.st_dev &&
	       one.st_ino == two.st_ino;
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
