/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/macro.h"
#include "image/cache.h"
#include "image/ranges.h"

#define PIECE ((uint64_t)4 << 20)
_Static_assert(IMAGE_CACHE_SPAN / PIECE == 8 * sizeof(((struct image_cache *)0)->cached),
	       "a bit for each piece");

static void set(struct image_cache *cache, uint64_t at)
{
	uint64_t piece = (at - cache->start) / PIECE;

	cache->cached[piece / 8] |= (uint8_t)(1u << piece % 8);
}

static bool is_set(const struct image_cache *cache, uint64_t at)
{
	uint64_t piece = (at - cache->start) / PIECE;

	return cache->cached[piece / 8] >> piece % 8 & 1;
}

/* mincore(2) wants a mapping; it is gone again before anybody could mind it. */
static bool is_cached(int fd, uint64_t start, uint64_t end)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), size = (size_t)(end - start);
	unsigned char pages[PIECE / 4096];
	bool found = false;
	void *map = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, (off_t)start);

	if (map == MAP_FAILED)
		return true;
	if (mincore(map, size, pages) < 0)
		found = true;
	for (size_t i = 0; !found && i < (size + page - 1) / page; i++)
		found = pages[i] & 1;
	munmap(map, size);
	return found;
}

/* Only where there is data: a hole has nothing worth caching, and may be large. */
void image_cache_note(struct image_cache *cache, int fd, uint64_t start, uint64_t end)
{
	struct image_range range = {start, start};
	uint64_t next = start; /* that was not looked at */

	*cache = (struct image_cache){.start = start, .end = end};
	while (image_next_range(fd, range.end, end, &range) > 0) {
		uint64_t at = range.start - (range.start - start) % PIECE;

		for (at = at > next ? at : next; at < range.end; at = next) {
			next = at + PIECE;
			cache->pieces++;
			if (!is_cached(fd, at, next < end ? next : end))
				continue;
			set(cache, at);
			cache->hits++;
		}
	}
}

bool image_cache_is_warm(const struct image_cache *cache)
{
	return cache->hits > cache->pieces / 2;
}

void image_cache_restore(const struct image_cache *cache, int from, int to)
{
	for (uint64_t at = cache->start; at < cache->end; at += PIECE) {
		off_t size = (off_t)(at + PIECE < cache->end ? PIECE : cache->end - at);

		if (is_set(cache, at)) {
			posix_fadvise(to, (off_t)at, size, POSIX_FADV_WILLNEED);
		} else {
			posix_fadvise(from, (off_t)at, size, POSIX_FADV_DONTNEED);
			posix_fadvise(to, (off_t)at, size, POSIX_FADV_DONTNEED);
		}
	}
}
