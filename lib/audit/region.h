/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AUDIT_REGION_H
#define AUDIT_REGION_H

#include <cow/types.h>

/* A directory below which a policy of its own counts, as a pool's does. Known by what it is and not
 * by its name, which differs from mount to mount. */
struct audit_region {
	struct audit_region *next;
	uint64_t device, inode;
	enum cow_policy policy;
	char *pool; /* or NULL */
};

/* The first of the list that is this directory, or NULL. */
const struct audit_region *audit_region_find(const struct audit_region *regions, uint64_t device,
					     uint64_t inode);
/* The one that lies nearest above an open directory, or NULL: also when there is no telling. */
const struct audit_region *audit_region_above(const struct audit_region *regions, int fd);

void audit_regions_free(struct audit_region *regions);

#endif
