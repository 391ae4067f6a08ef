/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

#include "image/sums.h"

void image_sums_free(struct image_sums *sums)
{
	free(sums->list);
	sums->list = NULL;
	sums->count = sums->capacity = 0;
	pthread_mutex_destroy(&sums->lock);
}

void image_sums_clear(struct image_sums *sums)
{
	sums->count = 0;
}

static bool make_room(struct image_sums *sums)
{
	size_t capacity = sums->capacity ? 2 * sums->capacity : 1024;
	struct image_sum *list;

	if (sums->count < sums->capacity)
		return true;
	list = reallocarray(sums->list, capacity, sizeof(*list));
	if (!list)
		return false;
	sums->list = list;
	sums->capacity = capacity;
	return true;
}

void image_sums_add(struct image_sums *sums, uint64_t at, const void *bytes, size_t size)
{
	struct image_sum sum = {at, size, XXH3_128bits(bytes, size)};

	pthread_mutex_lock(&sums->lock);
	if (make_room(sums))
		sums->list[sums->count++] = sum;
	pthread_mutex_unlock(&sums->lock);
}

static int by_place(const void *a, const void *b)
{
	const struct image_sum *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

void image_sums_sort(struct image_sums *sums)
{
	if (sums->count)
		qsort(sums->list, sums->count, sizeof(*sums->list), by_place);
}

/* The first that does not begin before. */
static const struct image_sum *search(const struct image_sums *sums, uint64_t at)
{
	size_t low = 0, high = sums->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sums->list[middle].at < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low < sums->count ? &sums->list[low] : NULL;
}

const struct image_sum *image_sums_find(const struct image_sums *sums, uint64_t at)
{
	const struct image_sum *sum = search(sums, at);

	return sum && sum->at == at ? sum : NULL;
}

size_t image_sums_cut(const struct image_sums *sums, uint64_t at, size_t size)
{
	const struct image_sum *sum = search(sums, at);

	if (!sum || sum->at >= at + size)
		return size;
	if (sum->at > at)
		return (size_t)(sum->at - at);
	return sum->size < size ? sum->size : size;
}

bool image_sum_is(const struct image_sum *sum, const void *bytes)
{
	return XXH128_isEqual(sum->sum, XXH3_128bits(bytes, sum->size));
}
