/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <linux/fs.h>
#include <sys/ioctl.h>

#include "base/error.h"
#include "image/extents.h"

/* Btrfs builds its cache of shared extents anew for each call: on a file shared by snapshots,
 * batches of 64 cost four times as much as batches of thousands. But most files have a few. */
#define FEW  64
#define MANY 4096

static void add_bytes(struct cow_extents *extents, const struct fiemap_extent *extent)
{
	const struct {
		uint32_t flags;
		uint64_t *sum;
	} kinds[] = {
		{FIEMAP_EXTENT_SHARED, &extents->shared_bytes},
		{FIEMAP_EXTENT_UNWRITTEN, &extents->unwritten_bytes},
		{FIEMAP_EXTENT_ENCODED | FIEMAP_EXTENT_DATA_ENCRYPTED, &extents->encoded_bytes},
		{FIEMAP_EXTENT_DATA_INLINE, &extents->inline_bytes},
	};

	extents->bytes += extent->fe_length;
	for (size_t i = 0; i < BASE_ARRAY_SIZE(kinds); i++)
		if (extent->fe_flags & kinds[i].flags)
			*kinds[i].sum += extent->fe_length;
}

/* filefrag(8) takes two extents for one run when they touch on disk, whether or not the file has a
 * hole between them, and also when the disk has a gap of exactly that hole's size. */
static bool continues(const struct image_extents_count *count, const struct fiemap_extent *extent)
{
	uint64_t hole = extent->fe_logical - count->next;

	return extent->fe_physical == count->physical_end ||
	       extent->fe_physical == count->physical_end + hole;
}

int image_extents_add(struct image_extents_count *count, const struct fiemap *map, uint32_t room)
{
	uint32_t mapped = map->fm_mapped_extents < room ? map->fm_mapped_extents : room;

	for (uint32_t i = 0; i < mapped; i++) {
		const struct fiemap_extent *extent = &map->fm_extents[i];
		uint64_t end;

		if (__builtin_add_overflow(extent->fe_logical, extent->fe_length, &end) ||
		    end <= count->next)
			return -EIO;
		if (!count->extents.rows || !continues(count, extent))
			count->extents.runs++;
		count->extents.rows++;
		add_bytes(&count->extents, extent);
		count->next = end;
		count->physical_end = extent->fe_physical + extent->fe_length;
		if (count->each) {
			int r = count->each(extent, count->data);

			if (r < 0)
				return r;
		}
		if (extent->fe_flags & FIEMAP_EXTENT_LAST)
			return 0;
	}
	/* LAST is missing when the map changed meanwhile or its end lies in another batch that is
	 * empty, so nothing mapped ends it as well. */
	return mapped > 0;
}

static int read_all(int fd, uint32_t sync, uint64_t end, struct image_extents_count *count)
{
	uint64_t few[(sizeof(struct fiemap) + FEW * sizeof(struct fiemap_extent)) / 8];
	BASE_CLEANUP(free) struct fiemap *many = NULL;
	struct fiemap *map = (struct fiemap *)few;
	uint32_t room = FEW;
	int r;

	for (;;) {
		*map = (struct fiemap){
			.fm_start = count->next,
			.fm_length = end - count->next,
			.fm_flags = sync,
			.fm_extent_count = room,
		};
		/* ENOTTY: this kind of file has no such call at all. */
		if (ioctl(fd, FS_IOC_FIEMAP, map) < 0)
			return errno == ENOTTY ? -EOPNOTSUPP : -errno;
		sync = 0;
		r = image_extents_add(count, map, room);
		if (r <= 0 || count->next >= end)
			return r < 0 ? r : 0;
		if (!many)
			many = malloc(sizeof(*map) + MANY * sizeof(map->fm_extents[0]));
		if (!many)
			return -ENOMEM;
		map = many;
		room = MANY;
	}
}

int image_extents_each(int fd, uint64_t start, uint64_t end,
		       int (*each)(const struct fiemap_extent *, void *), void *data)
{
	struct image_extents_count count = {.each = each, .data = data, .next = start};

	return read_all(fd, 0, end < FIEMAP_MAX_OFFSET ? end : FIEMAP_MAX_OFFSET, &count);
}

COW_EXPORT int cow_extents_read(int fd, unsigned flags, struct cow_extents *ret,
				struct cow_error *err)
{
	struct image_extents_count count = {0};
	int r;

	if (flags & ~COW_EXTENTS_SYNC)
		return base_fail(err, EINVAL, "read extents: unknown flags 0x%x", flags);
	r = read_all(fd, flags & COW_EXTENTS_SYNC ? FIEMAP_FLAG_SYNC : 0, FIEMAP_MAX_OFFSET,
		     &count);
	if (r == -EIO)
		return base_fail_code(err, EIO, COW_CODE_CORRUPT,
				      "read extents: the filesystem's list goes backwards, or is "
				      "unreadable");
	if (r < 0)
		return base_fail(err, -r, "read extents");
	*ret = count.extents;
	return 0;
}
