/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VOLUME_VOLUME_H
#define VOLUME_VOLUME_H

#include <pthread.h>

#include <cow/volume.h>

#include "audit/place.h"
#include "base/answer.h"
#include "base/fd.h"
#include "pool/apart.h"

struct volume_record;

/* A pool's directory while volumes in it are looked at or changed. */
struct volume_place {
	struct cow_pool_store *store;
	const struct cow_pool *pool;
	int fd;
	uint64_t mount;
	const struct audit_place *own; /* of the directory itself */

	/* Kinds of places met so far; several threads look for theirs. */
	pthread_mutex_t lock;
	struct audit_place *places;
	struct pool_places pools; /* all, once a directory was met */

	struct base_silence silence;

	int64_t opened; /* when, in seconds since 1970 */
};

/* Open the directory of a started pool. On failure there is nothing to close. */
int volume_place_open(struct volume_place *place, struct cow_pool_store *store,
		      const struct cow_pool *pool, struct cow_error *err);
void volume_place_close(struct volume_place *place);
/* What is known of the place an open file or directory is in. @return 0 or -ENOMEM. */
int volume_place_find(struct volume_place *place, int fd, uint64_t mount,
		      const struct audit_place **ret);

/* Why the pool's policy has nothing to do with an open directory in its own; NULL when it has. */
const char *volume_place_apart(struct volume_place *place, int fd);

static inline void base_cleanup_place(struct volume_place *place)
{
	volume_place_close(place);
}

/* What was seen of a file itself, from which follows what an overwrite does to it. */
struct volume_facts {
	uint8_t nocow, mapped, history_known; /* enum cow_answer */
	uint8_t own;                          /* enum cow_policy: has it one of its own? */
	bool shared : 1, old : 1;             /* some extents are */
	bool scattered : 1;                   /* in so many pieces that only the flag was read */
};

/* A volume, with all its texts in the same piece of memory. */
struct volume_made {
	struct cow_volume volume; /* first: one is the other */
	uint64_t inode;
	const char *written; /* the backing file as the header has it, or NULL */
	struct volume_facts facts;
	bool recalled; /* out of the index, not looked into */
	bool keep;     /* it can be put into the index */
	char texts[];
};

/* Look at a name in the pool's directory, `whole` with all extents of the file and what takes
 * longer. What is remembered of the file (or NULL) spares looking into it, while it holds. Whatever
 * goes wrong is the volume's problem.
 * @return 1, 0 when there is no such volume (any more), -ENOMEM. */
int volume_look(struct volume_place *place, bool whole, const char *name,
		const struct volume_record *known, struct volume_made **ret);
/* The same of one that must be there: -ENOENT with the error filled. */
int volume_find(struct volume_place *place, bool whole, const char *name, struct cow_volume **ret,
		struct cow_error *err);

/* What a policy comes to for a file in the place, as cow_policy_decide_file() has it out of what is
 * measured there. An error where it can't be met. */
int volume_decide(const struct volume_place *place, enum cow_policy policy, enum cow_wish *ret_wish,
		  bool *ret_nocow, struct cow_decision *ret, struct cow_error *err);

/* 0 when a file can be called so. */
int volume_name_check(const char *name, struct cow_error *err);
/* -ENOENT with the error filled. */
int volume_fail_to_find(const struct cow_pool *pool, const char *name, struct cow_error *err);

DEFINE_CLEANUP(volume, struct cow_volume *, cow_volume_free, NULL)

#endif
