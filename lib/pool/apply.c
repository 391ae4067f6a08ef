/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Make a pool's directories follow its policy, whatever became of them since it was built. */
#include "pool/apply.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "pool/directory.h"
#include "pool/event.h"
#include "pool/mounted.h"
#include "pool/store.h"
#include "pool/sweep.h"

int pool_open_directory(const struct cow_pool *pool, struct cow_error *err)
{
	BASE_CLEANUP(fd) int fd = pool_directory_open(pool, err);
	int r = fd < 0 ? fd : pool_check_mounted(pool, fd, err);

	return r < 0 ? r : base_take_fd(&fd);
}

int pool_apply(struct cow_pool_store *store, const struct cow_pool *pool, unsigned flags,
	       struct cow_pool_point ***ret, struct cow_error *err)
{
	BASE_CLEANUP(fd) int fd = -1;
	int r = pool_check_directory(pool, err);

	if (r < 0)
		return r;
	fd = pool_open_directory(pool, err);
	return fd < 0 ? fd : pool_points_visit(store, fd, pool, flags, ret, err);
}

void pool_apply_alone(struct cow_pool_store *store, const struct cow_pool *pool)
{
	BASE_CLEANUP(points) struct cow_pool_point **points = NULL;

	pool_apply(store, pool, POOL_POINTS_ALONE, &points, NULL);
}

/* The store is not locked meanwhile: it takes as long as there are directories, and what it does
 * to each of them can be done any number of times. */
COW_EXPORT int cow_pool_apply(struct cow_pool_store *store, const struct cow_pool *pool,
			      unsigned flags, struct cow_pool_point ***ret, struct cow_error *err)
{
	int r = flags & COW_POOL_APPLY_CHECK ? 0 : pool_store_check_own(pool, err);

	if (flags & ~(COW_POOL_APPLY_CHECK | COW_POOL_APPLY_DIRECTORIES))
		return base_fail(err, EINVAL, "apply a policy: unknown flags 0x%x", flags);
	return r < 0 ? r : pool_apply(store, pool, flags, ret, err);
}

COW_EXPORT int cow_pool_mend(struct cow_pool_store *store, struct cow_pool *pool,
			     struct cow_pool_point ***ret, struct cow_error *err)
{
	int r = pool_store_check_own(pool, err);

	if (r == 0)
		r = pool_store_check_started(store, pool, err);
	if (r == 0)
		r = pool_apply(store, pool, POOL_POINTS_ALONE, ret, err);
	if (r == 0)
		pool_sweep(pool);
	if (r == 0)
		r = cow_pool_refresh(store, pool, err);
	if (r == 0)
		pool_announce(store, pool, COW_POOL_EVENT_REFRESHED);
	return r;
}
