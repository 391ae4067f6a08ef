/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VOLUME_CLAIM_H
#define VOLUME_CLAIM_H

#include <sys/stat.h>

#include "volume/volume.h"

/*
 * A volume that is to be changed: a file in the pool's directory itself, open, and nobody else's.
 * QEMU's lock bytes keep QEMU away for as long as it is open.
 */
struct volume_claim {
	int fd;
	struct stat st;
};

/* @param flags O_RDONLY or O_RDWR. */
int volume_claim(const struct volume_place *place, const char *name, int flags,
		 struct volume_claim *ret, struct cow_error *err);

static inline void base_cleanup_claim(struct volume_claim *claim)
{
	int saved = errno;

	if (claim->fd >= 0)
		close(claim->fd);
	errno = saved;
}

#endif
