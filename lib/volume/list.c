/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/crew.h"
#include "base/error.h"
#include "base/text.h"
#include "pool/definition.h"
#include "volume/volume.h"

DEFINE_CLEANUP(crew, struct base_crew *, base_crew_free, NULL)
DEFINE_CLEANUP(pool, struct cow_pool *, cow_pool_free, NULL)

/* All volumes of one pool. */
struct listing {
	struct base_lot lot; /* first: one is the other; its count is that of the volumes */
	struct volume_place place;
	struct cow_volume **volumes; /* NULL-terminated */
	size_t room;
};

static int append(struct listing *list, const char *name)
{
	struct volume_made *made;
	struct cow_volume **bigger;

	if (list->lot.count + 2 > list->room) {
		list->room = list->room ? 2 * list->room : 64;
		bigger = reallocarray(list->volumes, list->room, sizeof(struct cow_volume *));
		if (!bigger)
			return -ENOMEM;
		list->volumes = bigger;
	}
	made = volume_new(list->place.pool, name);
	if (!made)
		return -ENOMEM;
	list->volumes[list->lot.count++] = &made->volume;
	list->volumes[list->lot.count] = NULL;
	return 0;
}

static int read_names(struct listing *list)
{
	BASE_CLEANUP(directory)
	DIR *stream = base_directory_stream(fcntl(list->place.fd, F_DUPFD_CLOEXEC, 0));
	const struct dirent *entry;
	int r = 0;

	if (!stream)
		return -errno;
	while (r == 0 && (errno = 0, entry = readdir(stream)))
		if (volume_name_check(entry->d_name, NULL) == 0)
			r = append(list, entry->d_name);
	return r == 0 ? -errno : r;
}

static void look(struct base_lot *lot, size_t i)
{
	struct listing *list = (struct listing *)lot;

	volume_look(&list->place, false, (struct volume_made *)list->volumes[i]);
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
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct cow_volume *one = *(struct cow_volume *const *)a;
	const struct cow_volume *two = *(struct cow_volume *const *)b;

	return strcmp(one->name, two->name);
}

/* Sort them, without those that turned out to be none. */
static void tidy(struct listing *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->lot.count; i++) {
		struct cow_volume *volume = list->volumes[i];

		if (((struct volume_made *)volume)->gone)
			cow_volume_free(volume);
		else
			list->volumes[kept++] = volume;
	}
	list->volumes[kept] = NULL;
	qsort(list->volumes, kept, sizeof(list->volumes[0]), by_name);
}

static int list_all(struct listing *list, struct cow_volume ***ret)
{
	int r = read_names(list);

	if (r == 0 && !list->volumes)
		list->volumes = calloc(1, sizeof(list->volumes[0]));
	if (r == 0)
		r = list->volumes ? look_at_all(list) : -ENOMEM;
	if (r < 0) {
		cow_volume_list_free(list->volumes);
		return r;
	}
	tidy(list);
	*ret = list->volumes;
	return 0;
}

COW_EXPORT int cow_volume_list(struct cow_pool_store *store, const struct cow_pool *pool,
			       struct cow_volume ***ret_volumes, struct cow_error *err)
{
	struct listing list = {0};
	int r = volume_place_open(&list.place, store, pool, err);

	if (r < 0)
		return r;
	r = list_all(&list, ret_volumes);
	volume_place_close(&list.place);
	return r < 0 ? base_fail(err, -r, "list directory %s", BASE_QUOTE(pool->path)) : 0;
}

COW_EXPORT int cow_volume_lookup(struct cow_pool_store *store, const struct cow_pool *pool,
				 const char *name, struct cow_volume **ret, struct cow_error *err)
{
	BASE_CLEANUP(place) struct volume_place place = {.fd = -1};
	BASE_CLEANUP(volume) struct cow_volume *volume = NULL;
	struct volume_made *made;
	int r = volume_place_open(&place, store, pool, err);

	if (r < 0)
		return r;
	if (volume_name_check(name, NULL) < 0)
		return volume_fail_to_find(pool, name, err);
	made = volume_new(pool, name);
	if (!made)
		return base_fail(err, ENOMEM, "look at volume %s", BASE_QUOTE(name));
	volume = &made->volume;
	volume_look(&place, true, made);
	if (made->gone)
		return volume_fail_to_find(pool, name, err);
	*ret = base_take(volume);
	return 0;
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
