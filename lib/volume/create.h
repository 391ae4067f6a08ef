/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VOLUME_CREATE_H
#define VOLUME_CREATE_H

#include "pool/store.h"
#include "volume/volume.h"

/* A volume being made. */
struct volume_new {
	struct volume_place *place;
	const struct cow_volume_create_options *options;
	struct cow_image_create_options image; /* of a file: what follows for it */
	struct cow_volume_created created;
};

/* Owner, group and label as asked for, or those of the pool. */
int volume_set_owner(const struct volume_new *new, int fd, struct cow_error *err);
/* Note what the policy came to. */
void volume_report(struct volume_new *new, const struct cow_decision *decision);

int volume_create_directory(struct volume_new *new, struct cow_error *err);

#endif
