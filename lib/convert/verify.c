/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes once more: from the disk, against the original. */
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>

#include "base/error.h"
#include "convert/convert.h"
#include "image/flight.h"

struct compare {
	struct convert *c;
	uint64_t end;
	struct image_range range; /* what is left of the one that is being cut */
	uint64_t before;          /* bytes compared by earlier windows */
	atomic_bool differs;
	_Atomic uint64_t at; /* where */
};

/* Past the page cache by dropping what is cached; it is clean, for fsync went before. */
static void drop_cache(int fd, uint64_t start, uint64_t end)
{
	image_set_direct(fd, false);
	posix_fadvise(fd, (off_t)start, (off_t)(end - start), POSIX_FADV_DONTNEED);
}

/* Direct reads start and end on block boundaries; the last one ends with the file.
 * @return bytes or -errno */
static ssize_t read_copy(int fd, const struct image_piece *piece, void *buffer)
{
	size_t blocks = (piece->size + IMAGE_BUFFER_ALIGN - 1) & ~(size_t)(IMAGE_BUFFER_ALIGN - 1);
	ssize_t n = base_pread_full(fd, buffer, blocks, (off_t)piece->at);

	if (n != -EINVAL)
		return n;
	/* direct I/O, but not with this alignment */
	drop_cache(fd, piece->at, piece->at + piece->size);
	return base_pread_full(fd, buffer, piece->size, (off_t)piece->at);
}

/* Against what was read when it was copied, else against the original. */
static int compare_piece(void *data, const struct image_piece *piece, void *buffer,
			 struct cow_error *err)
{
	struct compare *compare = data;
	const struct convert *c = compare->c;
	unsigned char *original = buffer, *copy = original + IMAGE_COPY_PIECE;
	const struct image_sum *sum = image_sums_find(&c->sums, piece->at);
	ssize_t n = read_copy(c->copy, piece, copy);
	bool same = n >= (ssize_t)piece->size;
	int r = 0;

	if (n < 0)
		return base_fail(err, (int)-n, "read back the copy of %s", BASE_QUOTE(c->name));
	if (sum && sum->size == piece->size)
		same = same && image_sum_is(sum, copy);
	else if ((r = image_read_exactly(c->original, c->name, original, piece->size, piece->at,
					 err)) == 0)
		same = same && !memcmp(original, copy, piece->size);
	if (!same) {
		atomic_store(&compare->at, piece->at);
		atomic_store(&compare->differs, true);
	}
	return r;
}

static int step(void *data, uint64_t done, struct cow_error *err)
{
	struct compare *compare = data;
	struct convert *c = compare->c;

	image_pace_keep(&c->verify_pace, compare->before + done - c->compared);
	c->compared = compare->before + done;
	return convert_step(c, COW_CONVERT_PHASE_VERIFY, c->compared, err);
}

/* The next range that either file calls data, so that nothing in a hole of one goes unseen. */
static int next_range(const struct convert *c, uint64_t from, uint64_t end, struct image_range *ret)
{
	const int files[] = {c->original, c->copy};
	struct image_range next = {end, end};

	for (size_t i = 0; i < BASE_ARRAY_SIZE(files); i++) {
		struct image_range range;
		int r = image_next_range(files[i], from, end, &range);

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
	struct compare *compare = data;
	const struct convert *c = compare->c;
	struct image_range *range = &compare->range;
	size_t size = image_pace_piece(&c->verify_pace, IMAGE_COPY_PIECE);
	int r;

	if (atomic_load(&compare->differs))
		return 0;
	if (range->start >= range->end) {
		r = next_range(c, range->end, compare->end, range);
		if (r < 0)
			return base_fail(err, -r, "find the data of %s", BASE_QUOTE(c->name));
		if (r == 0)
			return 0;
		range->start &= ~(uint64_t)(IMAGE_BUFFER_ALIGN - 1);
	}
	if (range->end - range->start < size)
		size = (size_t)(range->end - range->start);
	size = image_sums_cut(&c->sums, range->start, size);
	*ret = (struct image_piece){range->start, size};
	range->start += size;
	return 1;
}

/* Better by direct I/O, but that alone would not do: Btrfs serves compressed and inline extents
 * from the cache all the same. */
static int compare_window(struct compare *compare, uint64_t start, uint64_t end,
			  struct cow_error *err)
{
	struct convert *c = compare->c;
	struct image_flight flight = {
		.at_once = image_copy_at_once(&c->verify_pace, start, end),
		.buffer_size = 2 * IMAGE_COPY_PIECE,
		.next = next_piece,
		.work = compare_piece,
		.step = step,
		.data = compare,
	};
	double began = convert_now();
	int r = convert_step(c, COW_CONVERT_PHASE_VERIFY, c->compared, err);

	if (r < 0)
		return r;
	compare->range = (struct image_range){start, start};
	compare->end = end;
	compare->before = c->compared;
	image_sums_sort(&c->sums);
	drop_cache(c->copy, start, end);
	image_set_direct(c->copy, true);
	image_set_direct(c->original, !c->engine.cached);
	r = image_flight_run(&flight, err);
	image_set_direct(c->original, false);
	image_set_direct(c->copy, false);
	c->compared = compare->before + flight.done;
	c->result->seconds_verify += convert_now() - began;
	return r;
}

int convert_compare(struct convert *c, uint64_t start, uint64_t end, bool *ret_same,
		    struct cow_error *err)
{
	struct compare compare = {.c = c};
	int r = compare_window(&compare, start, end, err);

	*ret_same = r == 0 && !compare.differs;
	return r;
}

int convert_verify(struct convert *c, uint64_t start, uint64_t end, struct cow_error *err)
{
	struct compare compare = {.c = c};
	int r = compare_window(&compare, start, end, err);

	if (r < 0 || !compare.differs)
		return r;
	return base_refuse(err, EIO, COW_CODE_CORRUPT,
			   "the copy of %s read back differs after byte %llu", BASE_QUOTE(c->name),
			   (unsigned long long)compare.at);
}
