/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <stdlib.h>

#include "audit/region.h"
#include "audit/walk.h"
#include "base/fd.h"

const struct audit_region *audit_region_find(const struct audit_region *regions, uint64_t device,
					     uint64_t inode)
{
	while (regions && (regions->device != device || regions->inode != inode))
		regions = regions->next;
	return regions;
}

const struct audit_region *audit_region_above(const struct audit_region *regions, int fd)
{
	BASE_CLEANUP(fd) int at = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	const struct audit_region *found = NULL;
	struct audit_directory here = {0}, above = {0};

	if (!regions || at < 0 || audit_identify(at, "", AT_EMPTY_PATH, &here) < 0)
		return NULL;
	while (!(found = audit_region_find(regions, here.device, here.inode))) {
		int up = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (up < 0)
			return NULL;
		close(at);
		at = up;
		/* The root is its own parent. */
		if (audit_identify(at, "", AT_EMPTY_PATH, &above) < 0 ||
		    audit_is_same(&above, &here))
			return NULL;
		here = above;
	}
	return found;
}

void audit_regions_free(struct audit_region *regions)
{
	while (regions) {
		struct audit_region *next = regions->next;

		free(regions->pool);
		free(regions);
		regions = next;
	}
}
