/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef POOL_APART_H
#define POOL_APART_H

#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cow/pool.h>

/* Directories in that of a pool which its policy has nothing to do with, and why. */
#define POOL_APART_MOUNT     "something else is mounted here, which is no part of the pool"
#define POOL_APART_POOL      "it is another pool, with a policy of its own"
#define POOL_APART_READ_ONLY "it is read-only: nothing can be created in it"

/* The directories of all pools of a store. They are found when the first directory is held against
 * them: each of them is asked, and may be on a server that is gone. */
struct pool_places {
	struct statx *places;
	size_t count;
};

/* @return 1, 0 or -errno. */
int pool_places_have(struct pool_places *places, struct cow_pool_store *store,
		     const struct statx *stx);

static inline void pool_places_clear(struct pool_places *places)
{
	free(places->places);
	*places = (struct pool_places){0};
}

/* What has to be known of a directory for this, and of which mount it is. What is mounted there may
 * belong to a server that is gone: it is not asked. @return 0 or -errno. */
int pool_places_look(int dirfd, const char *name, int flags, struct statx *ret);

/* Can nothing be created in an open directory, be it a read-only snapshot? No policy comes to bear.
 */
bool pool_is_read_only(int fd);

#endif
