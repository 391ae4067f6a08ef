/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes once more: from the disk, against the original. */
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>

#include "base/error.h"
#include "convert/convert.h"
#include "image/flight.h"

/* Past the page cache by dropping what is cached; it is clean, for fsync went before. */
static void drop_cache(int fd, uint64_t start, uint64_t end)
{
	posix_fadvise(fd, (off_t)start, (off_t)(end - start), POSIX_FADV_DONTNEED);
}

/* @return bytes or -errno */
static ssize_t read_copy(int fd, const struct image_piece *piece, void *buffer)
{
	ssize_t n = image_read_blocks(fd, buffer, piece->size, piece->at);

	if (n != -EINVAL)
		return n;
	/* direct I/O, but not with this alignment */
	image_set_direct(fd, false);
	drop_cache(fd, piece->at, piece->at + piece->size);
	return base_pread_full(fd, buffer, piece->size, (off_t)piece->at);
}

/* @return 1 when it is the same as the original, which has not been noted */
static int compare_files(const struct convert *c, const struct image_piece *piece, const void *copy,
			 struct cow_error *err)
{
	BASE_CLEANUP(free) void *original = image_buffer_new();
	int r;

	if (!original)
		return base_fail(err, ENOMEM, "compare %s with its copy", BASE_QUOTE(c->name));
	r = image_read_exactly(c->original, c->name, original, piece->size, piece->at, err);
	return r < 0 ? r : !memcmp(original, copy, piece->size);
}

/* The first one, of the pieces that are compared at the same time. */
static void note_difference(struct convert_compare *compare, uint64_t at)
{
	uint64_t first = atomic_load(&compare->at);

	while (at < first && !atomic_compare_exchange_weak(&compare->at, &first, at))
		;
}

/* Against what was read when it was copied, else against the original. */
static int compare_piece(void *data, const struct image_piece *piece, void *copy,
			 struct cow_error *err)
{
	struct convert_compare *compare = data;
	const struct convert *c = compare->c;
	const struct image_sum *sum = image_sums_find(compare->sums, piece->at);
	ssize_t n = read_copy(c->copy, piece, copy);
	int same = n >= (ssize_t)piece->size;

	if (n < 0)
		return base_fail(err, (int)-n, "read back the copy of %s", BASE_QUOTE(c->name));
	if (same && sum && sum->size == piece->size)
		same = image_sum_is(sum, copy);
	else if (same)
		same = compare_files(c, piece, copy, err);
	if (same == 0)
		note_difference(compare, piece->at);
	return same < 0 ? same : 0;
}

static int step(void *data, uint64_t done, struct cow_error *err)
{
	struct convert_compare *compare = data;
	struct convert *c = compare->c;
	int r;

	image_pace_add(&c->engine.pace, compare->before + done - c->compared);
	c->compared = compare->before + done;
	do
		r = convert_step(c, COW_CONVERT_PHASE_VERIFY, c->compared, err);
	while (r == 0 && image_pace_wait(&c->engine.pace));
	return r;
}

/* The next range that either file calls data, so that nothing in a hole of one goes unseen. */
static int next_range(const struct convert_compare *compare, uint64_t from, struct image_range *ret)
{
	const int files[] = {compare->c->original, compare->c->copy};
	struct image_known copy = {0}, *const known[] = {compare->known, &copy};
	uint64_t end = compare->end;
	struct image_range next = {end, end};

	for (size_t i = 0; i < BASE_ARRAY_SIZE(files); i++) {
		struct image_range range;
		int r = image_next_known_range(files[i], known[i], from, end, &range);

		if (r < 0)
			return r;
		if (r > 0 && range.start < next.start)
			next = range;
	}
	*ret = next;
	return next.start < end;
}

static int next_piece(void *data, struct image_piece *ret, struct cow_error *err)
{
	struct convert_compare *compare = data;
	const struct convert *c = compare->c;
	struct image_range *range = &compare->range;
	size_t size = image_pace_piece(&c->engine.pace, IMAGE_COPY_PIECE);
	int r;

	if (atomic_load(&compare->at) != UINT64_MAX)
		return 0;
	if (range->start >= range->end) {
		r = next_range(compare, range->end, range);
		if (r < 0)
			return base_fail(err, -r, "find the data of %s", BASE_QUOTE(c->name));
		if (r == 0)
			return 0;
		range->start &= ~(uint64_t)(IMAGE_BUFFER_ALIGN - 1);
	}
	if (range->end - range->start < size)
		size = (size_t)(range->end - range->start);
	size = image_sums_cut(compare->sums, range->start, size);
	*ret = (struct image_piece){range->start, size};
	range->start += size;
	return 1;
}

/* Better by direct I/O, but to drop what is cached alone would not do, nor that: Btrfs serves
 * compressed and inline extents from the cache all the same. */
void convert_compare_begin(struct convert_compare *compare, struct convert *c,
			   struct image_sums *sums, struct image_known *known, uint64_t start,
			   uint64_t end)
{
	*compare = (struct convert_compare){
		.c = c,
		.sums = sums,
		.known = known,
		.end = end,
		.range = {start, start},
		.at = UINT64_MAX,
		.flight = {.at_once = (image_copy_at_once(&c->engine.pace, start, end) + 3) / 4,
			   .buffer_size = IMAGE_COPY_PIECE,
			   .next = next_piece,
			   .work = compare_piece,
			   .step = step,
			   .data = compare},
	};
	image_sums_sort(sums);
	drop_cache(c->copy, start, end);
	image_set_direct(c->copy, true);
	image_set_direct(c->original, !c->engine.cached);
	/* What is copied meanwhile goes past the cache as well, or the two would be in each other's
	 * way. */
	if (c->engine.allocate && compare->flight.at_once > 1)
		image_flight_start(&compare->flight, NULL); /* or later, when it is waited for */
}

int convert_compare_end(struct convert_compare *compare, bool *ret_same, struct cow_error *err)
{
	struct convert *c = compare->c;
	double began = convert_now();
	int r = convert_step(c, COW_CONVERT_PHASE_VERIFY, c->compared, err);

	if (r < 0) {
		image_flight_stop(&compare->flight);
		return r;
	}
	compare->before = c->compared;
	r = image_flight_run(&compare->flight, err);
	c->compared = compare->before + compare->flight.done;
	c->result->seconds_verify += convert_now() - began;
	*ret_same = r == 0 && compare->at == UINT64_MAX;
	return r;
}

void convert_compare_stop(struct convert_compare *compare)
{
	image_flight_stop(&compare->flight);
}

int convert_compare_fail(const struct convert_compare *compare, struct cow_error *err)
{
	return base_refuse(err, EIO, COW_CODE_CORRUPT,
			   "the copy of %s read back differs after byte %llu",
			   BASE_QUOTE(compare->c->name), (unsigned long long)compare->at);
}
