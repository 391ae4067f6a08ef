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

/* To be changed, opened with O_RDONLY or O_RDWR. */
int volume_claim(const struct volume_place *place, const char *name, int flags,
		 struct volume_claim *ret, struct cow_error *err);

/* Only to be read, while nobody writes to it, and through a symlink as well; QEMU is not kept away.
 */
int volume_claim_read(const struct volume_place *place, const char *name, struct volume_claim *ret,
		      struct cow_error *err);
/* -ESTALE when somebody has written to it since it was claimed to be read. */
int volume_claim_check(const struct volume_claim *claim, const char *name, struct cow_error *err);
/* What is open as fd, which a volume is to be written to: no guest's; and a block device is not
 * mounted and no part of another one, for as long as the claim is open. */
int volume_claim_target(int fd, const struct stat *st, const char *name, struct volume_claim *ret,
			struct cow_error *err);
/* Let QEMU in: qemu-img takes the lock bytes itself. */
void volume_claim_unlock(const struct volume_claim *claim);
/* Open the pool's directory and claim one volume there: what every change begins with. */
int volume_claim_in(struct volume_place *place, struct cow_pool_store *store,
		    const struct cow_pool *pool, const char *name, int flags,
		    struct volume_claim *ret, struct cow_error *err);
/* A volume that is empty becomes NOCOW if the policy wants that: once it has data it is too late.
 */
void volume_mend(const struct volume_place *place, const struct volume_claim *claim);

static inline void base_cleanup_claim(struct volume_claim *claim)
{
	int saved = errno;

	if (claim->fd >= 0)
		close(claim->fd);
	claim->fd = -1;
	errno = saved;
}

#endif
