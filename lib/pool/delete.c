/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "pool/answer.h"
#include "pool/event.h"
#include "pool/parents.h"
#include "pool/store.h"

/* An empty directory alone is removed, be it a subvolume (Linux 4.18): never what is in it, and not
 * what a symlink points to. */
static int remove_directory(const char *path, struct cow_error *err)
{
	BASE_CLEANUP(free) char *above = strdup(path);
	BASE_CLEANUP(fd) int dirfd = -1;
	char *name = above ? strrchr(above, '/') : NULL;
	int r;

	if (!name)
		return base_fail(err, ENOMEM, "remove a directory");
	*name++ = '\0';
	dirfd = pool_parents_open(*above ? above : "/", err);
	if (dirfd < 0)
		return dirfd;
	if (unlinkat(dirfd, name, AT_REMOVEDIR) < 0)
		return base_fail(err, errno, "remove directory %s", BASE_QUOTE(path));
	r = base_sync_directory(dirfd);
	return r < 0 ? base_fail(err, -r, "write the removal of %s to disk", BASE_QUOTE(path)) : 0;
}

COW_EXPORT int cow_pool_delete(struct cow_pool_store *store, const struct cow_pool *pool,
			       struct cow_error *err)
{
	BASE_CLEANUP(lock) struct pool_lock lock = POOL_LOCK_INIT;
	int r;

	pool_await(pool);
	r = pool_store_lock_own(store, pool, &lock, err);
	if (r == 0)
		r = pool_store_check_stopped(store, pool, err);
	if (r == 0)
		r = remove_directory(pool->path, err);
	if (r == 0)
		pool_announce(store, pool, COW_POOL_EVENT_DELETED);
	return r;
}
