/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/macro.h"
#include "image/cache.h"
#include "image/extents.h"

/* What is mapped at once. */
#define PIECE      ((uint64_t)4 << 20)
#define READ_AHEAD ((uint64_t)128 << 10)
/* The smallest page there is. */
#define UNIT ((uint64_t)4096)
/* The largest piece in which something is cached, but on large pages: then less is dropped. */
#define LARGEST ((uint64_t)2 << 20)
_Static_assert(IMAGE_CACHE_SPAN / UNIT == 8 * sizeof(((struct image_cache *)0)->cached),
	       "a bit for each page");

static void set(struct image_cache *cache, uint64_t at)
{
	uint64_t unit = (at - cache->start) / UNIT;

	cache->cached[unit / 8] |= (uint8_t)(1u << unit % 8);
	cache->hits++;
}

static bool is_set(const struct image_cache *cache, uint64_t at)
{
	uint64_t unit = (at - cache->start) / UNIT;

	return cache->cached[unit / 8] >> unit % 8 & 1;
}

/* mincore(2) wants a mapping; it is gone again before anybody could mind it. */
static void look(int fd, uint64_t start, size_t size, unsigned char *pages)
{
	void *map = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, (off_t)start);

	if (map == MAP_FAILED || mincore(map, size, pages) < 0)
		memset(pages, 1, PIECE / UNIT);
	if (map != MAP_FAILED)
		munmap(map, size);
}

static void note_piece(struct image_cache *cache, int fd, uint64_t start, uint64_t end)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	unsigned char pages[PIECE / UNIT];

	look(fd, start, (size_t)(end - start), pages);
	for (uint64_t at = start; at < end; at += UNIT) {
		cache->units++;
		if (pages[(at - start) / page] & 1)
			set(cache, at);
	}
}

/* Only where there is data: a hole has nothing worth caching, and may be large. */
void image_cache_note(struct image_cache *cache, int fd, struct image_known *known, uint64_t start,
		      uint64_t end)
{
	struct image_range range = {start, start};
	uint64_t next = start; /* that was not looked at */

	*cache = (struct image_cache){.start = start, .end = end};
	while (image_next_known_range(fd, known, range.end, end, &range) > 0) {
		uint64_t at = range.start - (range.start - start) % PIECE;

		for (at = at > next ? at : next; at < range.end; at = next) {
			next = at + PIECE < end ? at + PIECE : end;
			note_piece(cache, fd, at, next);
		}
	}
}

bool image_cache_is_warm(const struct image_cache *cache)
{
	return cache->hits > cache->units / 2;
}

/* The end of the pages from there that are all cached, or all not. Of those that are, as many as
 * the kernel reads ahead at once: it leaves out the rest, without a word. */
static uint64_t end_of_run(const struct image_cache *cache, uint64_t start)
{
	bool cached = is_set(cache, start);
	uint64_t at = start;

	do
		at += UNIT;
	while (at < cache->end && is_set(cache, at) == cached &&
	       !(cached && at - start >= READ_AHEAD));
	return at < cache->end ? at : cache->end;
}

void image_cache_restore(const struct image_cache *cache, int from, int to)
{
	uint64_t end;

	for (uint64_t at = cache->start; at < cache->end; at = end) {
		off_t size;

		end = end_of_run(cache, at);
		size = (off_t)(end - at);
		if (is_set(cache, at)) {
			posix_fadvise(to, (off_t)at, size, POSIX_FADV_WILLNEED);
		} else {
			posix_fadvise(from, (off_t)at, size, POSIX_FADV_DONTNEED);
			posix_fadvise(to, (off_t)at, size, POSIX_FADV_DONTNEED);
		}
	}
}

/* What is cached in one piece with something beside it is dropped with that or not at all. */
static int drop_unwritten(const struct fiemap_extent *extent, void *fd)
{
	uint64_t start = extent->fe_logical / LARGEST * LARGEST;
	uint64_t end = (extent->fe_logical + extent->fe_length + LARGEST - 1) / LARGEST * LARGEST;

	if (extent->fe_flags & FIEMAP_EXTENT_UNWRITTEN)
		posix_fadvise(*(int *)fd, (off_t)start, (off_t)(end - start), POSIX_FADV_DONTNEED);
	return 0;
}

void image_cache_drop_unwritten(int fd)
{
	image_extents_each(fd, 0, UINT64_MAX, drop_unwritten, &fd);
}
