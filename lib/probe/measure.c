/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Write, map, overwrite, map again: does the same byte still lie at the same place?
 *
 * FIEMAP with FLAG_SYNC writes dirty data out itself (on Btrfs it waits for ordered extents too),
 * so no fsync is needed, and none is wanted: on f2fs an fsync of few pages switches to updating in
 * place, and would hide what plain writeback does.
 */
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include <cow/attr.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/temp.h"
#include "base/text.h"
#include "probe/measure.h"

/* A large and a small overwrite, each of blocks that are overwritten exactly once: after a second
 * one a freed block may have been used again and look as if it had never moved. f2fs moves a
 * megabyte but updates a page in place. 64 KiB is the largest page size. */
#define LARGE   (1u << 20)
#define REGION  (LARGE + 4 * PAGE)
#define PAGE    (64u << 10)
#define SMALL   (LARGE + PAGE)
#define CHUNK   PAGE
#define STEP    4096u
#define EXTENTS 512u

/* Such an extent's address says nothing, or says it of something other than plain data. */
#define UNUSABLE                                                                                   \
	(FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_DELALLOC | FIEMAP_EXTENT_ENCODED |                  \
	 FIEMAP_EXTENT_DATA_ENCRYPTED | FIEMAP_EXTENT_NOT_ALIGNED | FIEMAP_EXTENT_DATA_INLINE |    \
	 FIEMAP_EXTENT_UNWRITTEN)

struct map {
	struct fiemap head;
	struct fiemap_extent extents[EXTENTS];
};

/* Without FIEMAP whoever may (root) asks for block after block. */
static int read_blocks(int fd, struct map *map)
{
	unsigned size;

	if (fdatasync(fd) < 0 || ioctl(fd, FIGETBSZ, &size) < 0 || !size)
		return -EOPNOTSUPP;
	for (uint64_t offset = 0; offset < REGION; offset += STEP) {
		unsigned block = (unsigned)(offset / size);

		if (ioctl(fd, FIBMAP, &block) < 0)
			return -EOPNOTSUPP;
		map->extents[offset / STEP] = (struct fiemap_extent){
			.fe_logical = offset,
			.fe_physical = (uint64_t)block * size + offset % size,
			.fe_length = STEP,
			.fe_flags = block ? 0 : FIEMAP_EXTENT_UNKNOWN,
		};
	}
	map->head.fm_mapped_extents = REGION / STEP;
	return 0;
}

static int read_map(int fd, struct map *map)
{
	memset(&map->head, 0, sizeof(map->head));
	map->head.fm_length = REGION;
	map->head.fm_flags = FIEMAP_FLAG_SYNC;
	map->head.fm_extent_count = EXTENTS;
	if (ioctl(fd, FS_IOC_FIEMAP, &map->head) == 0)
		return 0;
	return errno == EOPNOTSUPP || errno == ENOTTY ? read_blocks(fd, map) : -errno;
}

/* Where a byte of the file lies; 0 when the map doesn't say, or not in a way to be believed:
 * SMB answers with physical equal to logical. */
static uint64_t address(const struct map *map, uint64_t offset)
{
	for (uint32_t i = 0; i < map->head.fm_mapped_extents && i < EXTENTS; i++) {
		const struct fiemap_extent *e = &map->extents[i];

		if (offset < e->fe_logical || offset - e->fe_logical >= e->fe_length)
			continue;
		if ((e->fe_flags & UNUSABLE) || e->fe_physical == e->fe_logical)
			return 0;
		return e->fe_physical + (offset - e->fe_logical);
	}
	return 0;
}

static enum cow_overwrite compare(const struct map *before, const struct map *after, uint64_t start,
				  uint64_t size)
{
	enum cow_overwrite result = COW_OVERWRITE_IN_PLACE;

	for (uint64_t offset = start; offset < start + size; offset += STEP) {
		uint64_t was = address(before, offset), is = address(after, offset);

		if (!was || !is)
			return COW_OVERWRITE_UNKNOWN;
		if (was != is)
			result = COW_OVERWRITE_COPIED;
	}
	return result;
}

struct pass {
	struct map maps[3];
	uint64_t random;
	unsigned char chunk[CHUNK]; /* small: touching new memory takes longer than filling it */
};

/* Bytes that don't compress and never come twice: a compressed extent can't be mapped byte by byte
 * (splitmix64). */
static void fill(struct pass *pass, size_t size)
{
	for (size_t i = 0; i + 8 <= size; i += 8) {
		uint64_t z = (pass->random += 0x9e3779b97f4a7c15u);

		z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
		z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
		z ^= z >> 31;
		memcpy(pass->chunk + i, &z, sizeof(z));
	}
}

static int write_at(int fd, struct pass *pass, size_t offset, size_t size)
{
	for (size_t done = 0; done < size; done += CHUNK) {
		size_t part = size - done < CHUNK ? size - done : CHUNK;
		ssize_t n;

		fill(pass, part);
		n = base_pwrite_full(fd, pass->chunk, part, (off_t)(offset + done));
		if (n < 0)
			return (int)n;
	}
	return 0;
}

/* One pass over an empty file. */
static int measure_pass(int fd, struct pass *pass, enum cow_overwrite *ret_large,
			enum cow_overwrite *ret_small)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int r;

	if ((r = write_at(fd, pass, 0, REGION)) < 0 || (r = read_map(fd, &pass->maps[0])) < 0 ||
	    (r = write_at(fd, pass, 0, LARGE)) < 0 || (r = read_map(fd, &pass->maps[1])) < 0 ||
	    (r = write_at(fd, pass, SMALL, page)) < 0 || (r = read_map(fd, &pass->maps[2])) < 0)
		return r;
	*ret_large = compare(&pass->maps[0], &pass->maps[1], 0, LARGE);
	*ret_small = compare(&pass->maps[1], &pass->maps[2], SMALL, page);
	return 0;
}

static void explain(struct probe_measurement *ret, const char *what, int r)
{
	if (!ret->why_not[0])
		base_copy_format(ret->why_not, sizeof(ret->why_not), "%s%s%s", what,
				 r < 0 ? ": " : "", r < 0 ? strerror(-r) : "");
}

static void measure_as_born(int fd, struct pass *pass, struct probe_measurement *ret)
{
	int r = measure_pass(fd, pass, &ret->as_born, &ret->as_born_page);

	if (r == -EOPNOTSUPP)
		explain(ret, "the filesystem does not tell where data lies (no FIEMAP)", 0);
	else if (r < 0)
		explain(ret, "the test file could not be written and mapped", r);
	else if (!ret->as_born || !ret->as_born_page)
		explain(ret, "the filesystem does not tell addresses of plain data", 0);
}

/* NOCOW can be set on an empty file only; truncating one to nothing makes it empty again. */
static void try_flag(int fd, struct probe_measurement *ret)
{
	struct cow_error err = {0};
	int r = ftruncate(fd, 0) < 0 ? -errno : cow_attr_set_nocow(fd, true, &err);

	if (r == -EINVAL && err.code == COW_CODE_CONFLICT) {
		/* Both in one call is EINVAL again: first out with the one, then in with the other.
		 */
		ret->conflict = COW_ANSWER_YES;
		r = cow_attr_change(fd, 0, COW_ATTR_COMPRESS | COW_ATTR_NOCOMPRESS, NULL);
		if (r == 0)
			r = cow_attr_set_nocow(fd, true, NULL);
	} else {
		ret->conflict = COW_ANSWER_NO;
	}
	ret->settable = r == 0 ? COW_ANSWER_YES : COW_ANSWER_NO;
}

static void measure_flagged(int fd, struct pass *pass, struct probe_measurement *ret)
{
	enum cow_overwrite large, small;

	if (measure_pass(fd, pass, &large, &small) < 0 || !large || !small)
		return;
	ret->flagged_in_place = large == COW_OVERWRITE_IN_PLACE && small == COW_OVERWRITE_IN_PLACE
					? COW_ANSWER_YES
					: COW_ANSWER_NO;
}

/* @return fd or -errno. */
static int open_file(int dirfd, bool named)
{
	struct base_temp temp;
	int fd;

	if (!named) {
		fd = openat(dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
		return fd < 0 ? -errno : fd;
	}
	fd = base_temp_open(&temp, dirfd, 0600, NULL);
	if (fd < 0)
		return fd;
	fd = base_take_fd(&temp.fd);
	base_temp_close(&temp); /* which is but the name now */
	return fd;
}

void probe_measure(int dirfd, bool named, struct probe_measurement *ret)
{
	BASE_CLEANUP(fd) int fd = open_file(dirfd, named);
	BASE_CLEANUP(free) struct pass *pass = NULL;
	uint32_t flags;

	memset(ret, 0, sizeof(*ret));
	if (fd < 0) {
		explain(ret,
			named ? "no temporary file can be made here"
			      : "no unnamed temporary file can be made here",
			fd);
		return;
	}
	pass = malloc(sizeof(*pass));
	if (!pass) {
		explain(ret, "measuring", -ENOMEM);
		return;
	}
	pass->random = (uint64_t)(uintptr_t)pass + (uint64_t)getpid();
	if (cow_attr_get(fd, &flags, NULL) == 0)
		ret->born_nocow = flags & COW_ATTR_NOCOW ? COW_ANSWER_YES : COW_ANSWER_NO;
	measure_as_born(fd, pass, ret);
	if (ret->born_nocow == COW_ANSWER_YES) {
		ret->settable = COW_ANSWER_YES;
		ret->conflict = COW_ANSWER_NO;
		return;
	}
	try_flag(fd, ret);
	if (ret->settable == COW_ANSWER_YES && ret->as_born == COW_OVERWRITE_COPIED)
		measure_flagged(fd, pass, ret);
}
