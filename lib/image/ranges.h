/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef IMAGE_RANGES_H
#define IMAGE_RANGES_H

#include <stdint.h>

/* A stretch to be copied: data, with holes too small to be worth keeping. */
struct image_range {
	uint64_t start, end;
};

/* A hole that is kept costs a fragment when it is filled one day; one of less than this is not
 * worth that. */
#define IMAGE_HOLE_MIN (64u << 10)

/* The next range at or after `from` and before `end`. @return 1, 0 when there is none, -errno. */
int image_next_range(int fd, uint64_t from, uint64_t end, struct image_range *ret);

/* What was found to be data last, of a file that is looked at part by part: Btrfs goes through all
 * extents up to the next hole to find it, and of these a scattered image has hundreds of thousands.
 * What became a hole since is taken for data, and reads as zeros. Not for two threads. */
struct image_known {
	uint64_t start, end;
};

/* The same, asking for the end of the data no more often than needed. `known` is zero at first. */
int image_next_known_range(int fd, struct image_known *known, uint64_t from, uint64_t end,
			   struct image_range *ret);
/* The bytes of all of them before `end`. @return 0 or -errno. */
int image_sum_ranges(int fd, uint64_t start, uint64_t end, uint64_t *ret);

#endif
