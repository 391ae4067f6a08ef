/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VOLUME_CREATE_H
#define VOLUME_CREATE_H

#include "image/create.h"
#include "pool/store.h"
#include "volume/claim.h"

/* What a new volume gets its content from. */
struct volume_source {
	const char *name, *path;
	const struct volume_claim *claim;
	enum cow_format format; /* raw where it has none */
	uint64_t capacity;      /* bytes the guest sees */
	bool external;          /* its data is in other files */
	char *backing;          /* the path of its backing file, or NULL */
	enum cow_format backing_format;
};

/* A volume being made. */
struct volume_new {
	const struct volume_source *source; /* or NULL */
	struct volume_place *place;
	const struct cow_volume_create_options *options;
	struct cow_image_create_options image; /* of a file: what follows for it */
	struct cow_volume_created created;
};

/* Owner, group and label as asked for, or those of the pool. */
int volume_set_owner(const struct volume_new *new, int fd, struct cow_error *err);
/* Note what the policy came to. */
void volume_report(struct volume_new *new, const struct cow_decision *decision);

/* Can the new image, which is about to be made, show what the source does? */
int volume_fill_check(const struct volume_new *new, struct image_new *image, struct cow_error *err);
/* Write the content of the source into the complete, empty image. */
int volume_fill(struct volume_new *new, int fd, struct cow_error *err);
/* The path of a backing file that is named as seen from a pool's directory. NULL: out of memory. */
char *volume_backing_path(const struct cow_pool *pool, const char *backing);

/* cow_volume_create(), with a source or without. */
int volume_create(struct cow_pool_store *store, const struct cow_pool *pool,
		  const struct cow_volume_create_options *options,
		  const struct volume_source *source, struct cow_volume_created *ret,
		  struct cow_error *err);

int volume_create_directory(struct volume_new *new, struct cow_error *err);

#endif
