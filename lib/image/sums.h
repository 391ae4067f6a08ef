/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef IMAGE_SUMS_H
#define IMAGE_SUMS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xxhash.h>

/*
 * What was read of a file, piece by piece, as checksums of 128 bits: so that a copy can be compared
 * with it and only the copy need be read again. Against accidents, not against somebody who means
 * to deceive.
 */

struct image_sum {
	uint64_t at;
	size_t size;
	XXH128_hash_t sum;
};

/* Zero it, and initialise the lock. */
struct image_sums {
	struct image_sum *list;
	size_t count, capacity;
	pthread_mutex_t lock;
};

void image_sums_free(struct image_sums *sums);
/* Start again, for another part of the file. */
void image_sums_clear(struct image_sums *sums);

/* Note one piece; by several threads at once. Without memory it is not noted: then both files are
 * read again. */
void image_sums_add(struct image_sums *sums, uint64_t at, const void *bytes, size_t size);
/* In the order of the file, when all are there. */
void image_sums_sort(struct image_sums *sums);

/* The piece that begins there, or NULL. */
const struct image_sum *image_sums_find(const struct image_sums *sums, uint64_t at);
/* How much of so much from there is one piece that was noted, or lies before the next one. */
size_t image_sums_cut(const struct image_sums *sums, uint64_t at, size_t size);
bool image_sum_is(const struct image_sum *sum, const void *bytes);

#endif
