/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "base/error.h"
#include "pool/apply.h"
#include "pool/store.h"
#include "volume/volume.h"

/* Not started may mean not mounted: what is in the directory then is not the pool's. */
static int check_started(const struct cow_pool_store *store, const struct cow_pool *pool,
			 struct cow_error *err)
{
	bool theirs = pool->source == COW_POOL_SOURCE_LIBVIRT;

	if (!pool_has_directory(pool))
		return base_refuse(err, EOPNOTSUPP, COW_CODE_UNSUPPORTED,
				   "pool %s is of type %s: it has no files", BASE_QUOTE(pool->name),
				   BASE_QUOTE(pool->type));
	if (pool_store_started(store, pool) == COW_ANSWER_YES)
		return 0;
	return base_remedy(err,
			   base_refuse(err, EINVAL, COW_CODE_REFUSED, "pool %s is not started",
				       BASE_QUOTE(pool->name)),
			   "%s %s", theirs ? "virsh pool-start" : "cowctl pool start",
			   BASE_QUOTE(pool->name));
}

int volume_place_find(struct volume_place *place, int fd, uint64_t mount,
		      const struct audit_place **ret)
{
	const struct audit_directory directory = {.fd = fd, .mount = mount};
	int r;

	pthread_mutex_lock(&place->lock);
	r = audit_place_find(&place->places, &directory, ret);
	pthread_mutex_unlock(&place->lock);
	return r;
}

static bool is_pool(struct volume_place *place, const struct statx *stx)
{
	bool is_it;

	pthread_mutex_lock(&place->lock);
	is_it = pool_places_have(&place->pools, place->store, stx) > 0;
	pthread_mutex_unlock(&place->lock);
	return is_it;
}

const char *volume_place_apart(struct volume_place *place, int fd)
{
	struct statx stx;

	if (pool_places_look(fd, "", AT_EMPTY_PATH, &stx) < 0)
		return NULL;
	if (stx.stx_mnt_id != place->mount)
		return POOL_APART_MOUNT;
	if (is_pool(place, &stx))
		return POOL_APART_POOL;
	return pool_is_read_only(fd) ? POOL_APART_READ_ONLY : NULL;
}

int volume_place_open(struct volume_place *place, struct cow_pool_store *store,
		      const struct cow_pool *pool, struct cow_error *err)
{
	BASE_CLEANUP(fd) int fd = -1;
	struct statx stx;
	int r = check_started(store, pool, err);

	if (r < 0)
		return r;
	fd = pool_open_directory(pool, err);
	if (fd < 0)
		return fd;
	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &stx) < 0)
		return base_fail(err, errno, "open directory %s", BASE_QUOTE(pool->path));
	*place = (struct volume_place){.store = store,
				       .pool = pool,
				       .fd = -1,
				       .mount = stx.stx_mnt_id,
				       .opened = time(NULL)};
	pthread_mutex_init(&place->lock, NULL);
	r = volume_place_find(place, fd, place->mount, &place->own);
	if (r < 0) {
		volume_place_close(place);
		return base_fail(err, -r, "look at directory %s", BASE_QUOTE(pool->path));
	}
	place->fd = base_take_fd(&fd);
	return 0;
}

void volume_place_close(struct volume_place *place)
{
	if (!place->pool)
		return;
	audit_places_free(place->places);
	pool_places_clear(&place->pools);
	base_silence_clear(&place->silence);
	pthread_mutex_destroy(&place->lock);
	if (place->fd >= 0)
		close(place->fd);
	*place = (struct volume_place){.fd = -1};
}
