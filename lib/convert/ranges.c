/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <unistd.h>

#include "convert/convert.h"

/* SEEK_DATA and SEEK_HOLE, not FIEMAP: they know dirty pages that have no place on disk yet. */
static int seek(int fd, uint64_t from, int whence, uint64_t size, uint64_t *ret)
{
	off_t at = lseek(fd, (off_t)from, whence);

	if (at < 0 && errno == ENXIO)
		*ret = size;
	else if (at < 0)
		return -errno;
	else
		*ret = (uint64_t)at < size ? (uint64_t)at : size;
	return 0;
}

int convert_next_range(int fd, uint64_t from, uint64_t size, struct convert_range *ret)
{
	struct convert_range range;
	int r;

	if (from >= size)
		return 0;
	r = seek(fd, from, SEEK_DATA, size, &range.start);
	if (r < 0 || range.start == size)
		return r;
	for (uint64_t data = range.start; data < size;) {
		r = seek(fd, data, SEEK_HOLE, size, &range.end);
		if (r < 0)
			return r;
		r = seek(fd, range.end, SEEK_DATA, size, &data);
		if (r < 0)
			return r;
		if (data - range.end >= CONVERT_HOLE_MIN || data == size)
			break;
	}
	*ret = range;
	return 1;
}
