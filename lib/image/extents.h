/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef IMAGE_EXTENTS_H
#define IMAGE_EXTENTS_H

#include <linux/fiemap.h>
#include <stdbool.h>

#include <cow/image.h>

/* Counting extents, apart from asking for them, so that answers no sane kernel gives can be
 * tested. Zero it before the first batch. */
struct image_extents_count {
	struct cow_extents extents;
	uint64_t next; /* where the next batch has to start */
	uint64_t physical_end;
	int (*each)(const struct fiemap_extent *, void *); /* also called for every one, if set */
	void *data;
};

/* Add one answer of FS_IOC_FIEMAP, of which at most `room` extents are looked at.
 * @return 1 more may follow, 0 that was all, -EIO when it goes backwards, or what `each` failed
 * with. */
int image_extents_add(struct image_extents_count *count, const struct fiemap *map, uint32_t room);

/* Every extent of a file that touches the part from start to end (UINT64_MAX: all), in order, as
 * FIEMAP lists them: whole ones, which may begin before and end after it. Goes on until `each`
 * fails.
 * @return 0, what `each` failed with, -EOPNOTSUPP without FIEMAP. */
int image_extents_each(int fd, uint64_t start, uint64_t end,
		       int (*each)(const struct fiemap_extent *, void *), void *data);

#endif
