/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>

#include "base/fd.h"
#include "pool/answer.h"
#include "pool/apart.h"
#include "pool/definition.h"

DEFINE_CLEANUP(pools, struct cow_pool **, cow_pool_list_free, NULL)

int pool_places_look(int dirfd, const char *name, int flags, struct statx *ret)
{
	const unsigned mask = STATX_TYPE | STATX_INO | STATX_MNT_ID;

	flags |= AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC;
	return statx(dirfd, name, flags, mask, ret) < 0 ? -errno : 0;
}

/* What a pool is to have mounted is seen as a mount. */
static int find(struct pool_places *ret, struct cow_pool_store *store)
{
	BASE_CLEANUP(pools) struct cow_pool **pools = NULL;
	struct pool_places found = {0};
	size_t count = 0, broken;
	int r = cow_pool_list(store, &pools, &broken, NULL);

	if (r < 0)
		return r;
	pool_list_keep_answering(pools);
	while (pools[count])
		count++;
	found.places = calloc(count + 1, sizeof(*found.places));
	if (!found.places)
		return -ENOMEM;
	for (struct cow_pool **pool = pools; *pool; pool++)
		if (pool_has_directory(*pool) && !(*pool)->mount_source &&
		    pool_places_look(AT_FDCWD, (*pool)->path, 0, &found.places[found.count]) == 0)
			found.count++;
	*ret = found;
	return 0;
}

int pool_places_have(struct pool_places *places, struct cow_pool_store *store,
		     const struct statx *stx)
{
	int r = places->places ? 0 : find(places, store);
	const struct statx *place = places->places, *end = place + places->count;

	for (; place < end; place++)
		if (place->stx_ino == stx->stx_ino && place->stx_dev_major == stx->stx_dev_major &&
		    place->stx_dev_minor == stx->stx_dev_minor)
			return 1;
	return r;
}

bool pool_is_read_only(int fd)
{
	return faccessat(AT_FDCWD, BASE_FD_PATH(fd), W_OK, AT_EACCESS) < 0 && errno == EROFS;
}
