/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VOLUME_VOLUME_H
#define VOLUME_VOLUME_H

#include <pthread.h>

#include <cow/volume.h>

#include "audit/place.h"
#include "base/fd.h"

/* A pool's directory while volumes in it are looked at or changed. */
struct volume_place {
	const struct cow_pool *pool;
	int fd;
	uint64_t mount;
	const struct audit_place *own; /* of the directory itself */

	/* Kinds of places met so far; several threads look for theirs. */
	pthread_mutex_t lock;
	struct audit_place *places;
};

/* Open the directory of a started pool. On failure there is nothing to close. */
int volume_place_open(struct volume_place *place, struct cow_pool_store *store,
		      const struct cow_pool *pool, struct cow_error *err);
void volume_place_close(struct volume_place *place);
/* What is known of the place an open file or directory is in. @return 0 or -ENOMEM. */
int volume_place_find(struct volume_place *place, int fd, uint64_t mount,
		      const struct audit_place **ret);

static inline void base_cleanup_place(struct volume_place *place)
{
	volume_place_close(place);
}

/* A volume and the texts it points to. */
struct volume_made {
	struct cow_volume volume; /* first: one is the other */
	char *path, *problem, *backing, *reason, *label;
	bool gone; /* it is not there any more, or was no volume */
};

/* One that has a path and nothing else; NULL: out of memory. */
struct volume_made *volume_new(const struct cow_pool *pool, const char *name);

/* Fill it by looking at the file, `whole` with all its extents and what takes longer. Whatever
 * goes wrong is its problem. */
void volume_look(struct volume_place *place, bool whole, struct volume_made *made);

/* 0 when a file can be called so. */
int volume_name_check(const char *name, struct cow_error *err);
/* -ENOENT with the error filled. */
int volume_fail_to_find(const struct cow_pool *pool, const char *name, struct cow_error *err);

DEFINE_CLEANUP(volume, struct cow_volume *, cow_volume_free, NULL)

#endif
