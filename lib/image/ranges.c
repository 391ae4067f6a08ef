/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <unistd.h>

#include "image/ranges.h"

/* SEEK_DATA and SEEK_HOLE, not FIEMAP: they know dirty pages that have no place on disk yet. */
static int seek(int fd, uint64_t from, int whence, uint64_t end, uint64_t *ret)
{
	off_t at = lseek(fd, (off_t)from, whence);

	if (at < 0 && errno == ENXIO)
		*ret = end;
	else if (at < 0)
		return -errno;
	else
		*ret = (uint64_t)at < end ? (uint64_t)at : end;
	return 0;
}

static int seek_hole(int fd, struct image_known *known, uint64_t data, uint64_t end, uint64_t *ret)
{
	if (data < known->start || data >= known->end) {
		int r = seek(fd, data, SEEK_HOLE, UINT64_MAX, &known->end);

		known->start = data;
		if (r < 0) {
			*known = (struct image_known){0};
			return r;
		}
	}
	*ret = known->end < end ? known->end : end;
	return 0;
}

int image_next_range(int fd, uint64_t from, uint64_t end, struct image_range *ret)
{
	struct image_known known = {0};

	return image_next_known_range(fd, &known, from, end, ret);
}

int image_next_known_range(int fd, struct image_known *known, uint64_t from, uint64_t end,
			   struct image_range *ret)
{
	struct image_range range;
	int r;

	if (from >= end)
		return 0;
	r = seek(fd, from, SEEK_DATA, end, &range.start);
	if (r < 0 || range.start == end)
		return r;
	for (uint64_t data = range.start; data < end;) {
		r = seek_hole(fd, known, data, end, &range.end);
		if (r < 0)
			return r;
		r = seek(fd, range.end, SEEK_DATA, end, &data);
		if (r < 0)
			return r;
		if (data - range.end >= IMAGE_HOLE_MIN || data == end)
			break;
	}
	*ret = range;
	return 1;
}

int image_sum_ranges(int fd, uint64_t start, uint64_t end, uint64_t *ret)
{
	struct image_range range = {start, start};
	int r;

	*ret = 0;
	while ((r = image_next_range(fd, range.end, end, &range)) > 0)
		*ret += range.end - range.start;
	return r;
}
