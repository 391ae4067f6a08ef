/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef IMAGE_CACHE_H
#define IMAGE_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "image/ranges.h"

/*
 * Leaving the page cache as it was found: what of an image was cached is what a guest will want
 * next; the rest would only push out what others have there.
 */

/* The most that is looked at in one go. */
#define IMAGE_CACHE_SPAN ((uint64_t)1 << 30)

/* Which pages of a part of a file were cached. */
struct image_cache {
	uint64_t start, end;
	unsigned units, hits; /* pages looked at; of those, cached */
	uint8_t cached[IMAGE_CACHE_SPAN >> 15];
};

/* Look at the part from start to end before it is read. What can't be looked at counts as cached.
 */
void image_cache_note(struct image_cache *cache, int fd, struct image_known *known, uint64_t start,
		      uint64_t end);
/* Whether reading it past the cache would be slower, for most of it is there. */
bool image_cache_is_warm(const struct image_cache *cache);
/* Have the same pages of both files cached, and no others. What is dirty stays. */
void image_cache_restore(const struct image_cache *cache, int from, int to);

/* Of unwritten space that was read, XFS and ext4 call the zeros in the cache data: drop these, so
 * that SEEK_DATA tells what is on disk. What is dirty stays, and is data. */
void image_cache_drop_unwritten(int fd);

#endif
