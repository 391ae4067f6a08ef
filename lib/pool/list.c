/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <string.h>

#include "base/error.h"
#include "pool/store.h"

/* All pools read so far, and what went wrong. */
struct listing {
	struct cow_pool **pools; /* NULL-terminated */
	size_t count, broken;
	struct cow_error *err;
};

static void note_broken(struct listing *list, const struct cow_error *err)
{
	if (list->broken++ == 0 && list->err)
		*list->err = *err;
}

static int append(struct listing *list, struct pool_definition *definition)
{
	struct cow_pool **pools =
		reallocarray(list->pools, list->count + 2, sizeof(struct cow_pool *));

	if (!pools)
		return -ENOMEM;
	pools[list->count++] = &definition->pool;
	pools[list->count] = NULL;
	list->pools = pools;
	return 0;
}

/* Where pools are found, a file for each. */
struct place {
	enum cow_pool_source source;
	const char *directory, *suffix;
	bool transient; /* those alone that are stored nowhere else */
};

/* The name NAME.xml stands for; NULL for any other file, which those of ours with a dot are. */
static char *pool_of_file(const char *file, const char *suffix, enum cow_pool_source source)
{
	size_t length = strlen(file), end = strlen(suffix);

	if ((file[0] == '.' && source == COW_POOL_SOURCE_COWCTL) || length <= end ||
	    strcmp(file + length - end, suffix) != 0)
		return NULL;
	return strndup(file, length - end);
}

static int list_one(const struct cow_pool_store *store, const struct place *place, const char *file,
		    struct listing *list)
{
	BASE_CLEANUP(definition) struct pool_definition *definition = NULL;
	BASE_CLEANUP(free) char *name = pool_of_file(file, place->suffix, place->source);
	struct cow_error err = {0};
	int r;

	if (!name ||
	    (place->transient && pool_store_has(pool_store_definitions(store, place->source), name,
						".xml") != COW_ANSWER_NO))
		return 0;
	r = pool_store_read(store, place->source, name, &definition, &err);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		/* gone between readdir and open: no longer a pool */
		if (r != -ENOENT)
			note_broken(list, &err);
		return 0;
	}
	r = append(list, definition);
	if (r == 0)
		definition = NULL;
	return r;
}

static int list_place(const struct cow_pool_store *store, const struct place *place,
		      struct listing *list)
{
	const char *directory = place->directory;
	DIR *stream = opendir(directory);
	struct cow_error err = {0};
	struct dirent *entry;
	int r = 0;

	if (!stream) {
		base_fail(&err, errno, "list directory %s", BASE_QUOTE(directory));
		if (errno != ENOENT)
			note_broken(list, &err);
		return 0;
	}
	while (r == 0 && (errno = 0, entry = readdir(stream)))
		r = list_one(store, place, entry->d_name, list);
	if (r == 0 && errno) {
		base_fail(&err, errno, "list directory %s", BASE_QUOTE(directory));
		note_broken(list, &err);
	}
	closedir(stream);
	return r;
}

static int by_name(const void *a, const void *b)
{
	const struct cow_pool *one = *(const struct cow_pool *const *)a;
	const struct cow_pool *two = *(const struct cow_pool *const *)b;
	int order = strcmp(one->name, two->name);

	return order ? order : (int)one->source - (int)two->source;
}

COW_EXPORT int cow_pool_list(struct cow_pool_store *store, struct cow_pool ***ret_pools,
			     size_t *ret_broken, struct cow_error *err)
{
	struct listing list = {.pools = calloc(1, sizeof(struct cow_pool *)), .err = err};
	const struct place places[] = {
		{COW_POOL_SOURCE_COWCTL, store->pools, ".xml", false},
		{COW_POOL_SOURCE_COWCTL, store->runtime, ".started", true},
		{COW_POOL_SOURCE_LIBVIRT, store->libvirt, ".xml", false},
		{COW_POOL_SOURCE_LIBVIRT, store->libvirt_run, ".xml", true},
	};
	int r = list.pools ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < BASE_ARRAY_SIZE(places); i++)
		r = list_place(store, &places[i], &list);
	if (r < 0) {
		cow_pool_list_free(list.pools);
		return base_fail(err, -r, "list pools");
	}
	qsort(list.pools, list.count, sizeof(struct cow_pool *), by_name);
	*ret_pools = list.pools;
	*ret_broken = list.broken;
	return 0;
}
