/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* O_EXCL on a device, and a mount, keep away what the kernel does there, not the programs that have
 * it open. */
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "convert/convert.h"
#include "pool/unused.h"

/* QEMU's locks are seen by everybody; who has a device open, by root, and whatever program it is.
 * A file is mounted by way of a loop device, which libmount looks after. */
static bool is_used(int fd, const struct stat *st, char *holder, size_t size)
{
	convert_find_holder(st, holder, size);
	return convert_hold_sees_user(fd) || (S_ISBLK(st->st_mode) && *holder);
}

int pool_check_unused(const struct cow_pool *pool, int fd, struct cow_error *err)
{
	char holder[256];
	unsigned tries = 0;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return base_fail(err, errno, "look at %s", BASE_QUOTE(pool->mount_source));
	/* Whoever only looks at it is soon gone. */
	while (is_used(fd, &st, holder, sizeof(holder)))
		if (!base_wait_for_others(&tries))
			return base_remedy(err,
					   base_refuse(err, EBUSY, COW_CODE_BUSY,
						       "%s is in use%s%s",
						       BASE_QUOTE(pool->mount_source),
						       *holder ? " by " : "", holder),
					   "shut the guest down, or close it");
	return 0;
}
