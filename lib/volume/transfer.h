/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VOLUME_TRANSFER_H
#define VOLUME_TRANSFER_H

#include <sys/types.h>

#include <cow/volume.h>

/* Bytes on their way between a volume and a descriptor of any kind. */
struct volume_transfer {
	const char *name; /* of the volume, for messages */
	const struct cow_volume_transfer *options;
	int from, to;
	off_t from_at, to_at; /* -1: a pipe or such */
	uint64_t left, done, total;
	char *buffer;
};

/* Where a descriptor stands, when that is a place to come back to, or -1. */
off_t volume_transfer_position(int fd);
/* All that the options ask for; it is on disk in the end.
 * @param ret_bytes how many, on success; may be NULL. */
int volume_transfer_run(struct volume_transfer *t, uint64_t *ret_bytes, struct cow_error *err);

#endif
