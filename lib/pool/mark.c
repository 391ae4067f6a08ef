/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small files that are there whole or not at all: definitions, and the marks of started pools. */
#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/temp.h"
#include "base/text.h"
#include "pool/parents.h"
#include "pool/store.h"

int pool_store_write(int dirfd, const char *file, const char *text, bool replace,
		     struct cow_error *err)
{
	__attribute__((cleanup(base_cleanup_temp))) struct base_temp temp = BASE_TEMP_INIT;
	struct cow_error cause = {0};
	ssize_t n;
	int r;

	base_temp_sweep(dirfd);
	r = base_temp_open(&temp, dirfd, 0644, &cause);

	if (r < 0)
		return base_fail_in(err, r, &cause, "write %s", BASE_QUOTE(file));
	n = base_pwrite_full(temp.fd, text, strlen(text), 0);
	if (n < 0)
		return base_fail(err, (int)-n, "write %s", BASE_QUOTE(file));
	return base_temp_commit(&temp, file, replace, err);
}

/* Made when it is not there: that of the marks is gone after a reboot, with its parent. */
static int open_directory(const struct cow_pool_store *store, const char *path, int *ret_dirfd,
			  struct cow_error *err)
{
	BASE_CLEANUP(parents) struct pool_parents parents = {0};
	BASE_CLEANUP(fd) int dirfd = -1;
	int r = pool_parents_make(&parents, path,
				  store->scope == COW_POOL_SCOPE_SYSTEM ? 0755 : 0700, &dirfd, err);

	if (r == 0)
		r = pool_parents_commit(&parents, err);
	if (r == 0)
		*ret_dirfd = base_take_fd(&dirfd);
	return r;
}

int pool_store_open_cache(const struct cow_pool_store *store)
{
	int fd = -1;
	int r = store->cache ? open_directory(store, store->cache, &fd, NULL) : -ENOENT;

	return r < 0 ? r : fd;
}

int pool_store_open_runtime(const struct cow_pool_store *store)
{
	int fd = -1;
	int r = open_directory(store, store->runtime, &fd, NULL);

	return r < 0 ? r : fd;
}

void pool_store_forget(const struct cow_pool_store *store, const struct cow_pool *pool)
{
	BASE_CLEANUP(free)
	char *path =
		store->cache ? base_format("%s/" POOL_STORE_INDEX, store->cache, pool->uuid) : NULL;

	if (path)
		unlink(path);
}

int pool_store_mark(const struct cow_pool_store *store, const struct cow_pool *pool,
		    const char *xml, struct cow_error *err)
{
	BASE_CLEANUP(free) char *mark = base_format("%s.started", pool->name);
	BASE_CLEANUP(fd) int runtime = -1;
	int r = mark ? open_directory(store, store->runtime, &runtime, err) : -ENOMEM;

	if (!mark)
		return base_fail(err, ENOMEM, "mark a pool started");
	return r < 0 ? r : pool_store_write(runtime, mark, xml, true, err);
}

void pool_store_drop_mark(const struct cow_pool_store *store, const char *name)
{
	BASE_CLEANUP(free) char *mark = base_format("%s/%s.started", store->runtime, name);

	if (mark)
		unlink(mark);
}
