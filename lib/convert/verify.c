/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes once more: from the disk, against the original. */
#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/thread.h"
#include "convert/convert.h"

static void set_direct(int fd, bool direct)
{
	int flags = fcntl(fd, F_GETFL);

	fcntl(fd, F_SETFL, direct ? flags | O_DIRECT : flags & ~O_DIRECT);
}

/* Past the page cache by dropping what is cached; it is clean, for fsync went before. */
static void drop_cache(int fd, uint64_t start, uint64_t end)
{
	set_direct(fd, false);
	posix_fadvise(fd, (off_t)start, (off_t)(end - start), POSIX_FADV_DONTNEED);
}

/* One chunk of the copy, read while the original's is. */
struct reading {
	const struct convert *c;
	void *buffer;
	size_t size;
	uint64_t at;
	ssize_t result; /* bytes, or -errno */
};

/* Direct reads start and end on block boundaries; the last one ends with the file. */
static void *read_copy(void *data)
{
	struct reading *reading = data;
	int fd = reading->c->copy;
	size_t blocks =
		(reading->size + IMAGE_BUFFER_ALIGN - 1) & ~(size_t)(IMAGE_BUFFER_ALIGN - 1);

	reading->result = base_pread_full(fd, reading->buffer, blocks, (off_t)reading->at);
	if (reading->result == -EINVAL) {
		/* direct I/O, but not with this alignment */
		drop_cache(fd, reading->at, reading->at + reading->size);
		reading->result =
			base_pread_full(fd, reading->buffer, reading->size, (off_t)reading->at);
	}
	return NULL;
}

/* Both at once: the one comes from the disk, the other mostly from the cache. */
static int read_both(struct reading *reading, void *original, struct cow_error *err)
{
	const struct convert *c = reading->c;
	pthread_t thread;
	bool threaded = base_thread_start(&thread, read_copy, reading) == 0;
	int r = image_read_exactly(c->original, c->name, original, reading->size, reading->at, err);

	if (threaded)
		pthread_join(thread, NULL);
	else
		read_copy(reading);
	if (r < 0)
		return r;
	if (reading->result < 0)
		return base_fail(err, (int)-reading->result, "read back the copy of %s",
				 BASE_QUOTE(c->name));
	return 0;
}

struct compare {
	struct convert *c;
	unsigned char *original, *copy;
	bool differs;
	uint64_t at; /* where */
};

static size_t piece(const struct convert *c, uint64_t at, uint64_t end)
{
	size_t size = image_pace_piece(&c->verify_pace, IMAGE_COPY_PIECE);

	return end - at < size ? (size_t)(end - at) : size;
}

static int compare_range(struct compare *compare, const struct image_range *range,
			 struct cow_error *err)
{
	struct convert *c = compare->c;
	uint64_t at = range->start & ~(uint64_t)(IMAGE_BUFFER_ALIGN - 1);

	while (at < range->end && !compare->differs) {
		size_t size = piece(c, at, range->end);
		struct reading reading = {c, compare->copy, size, at, 0};
		int r = convert_step(c, COW_CONVERT_PHASE_VERIFY, c->compared, err);

		if (r < 0 || (r = read_both(&reading, compare->original, err)) < 0)
			return r;
		compare->differs = (size_t)reading.result < size ||
				   memcmp(compare->original, compare->copy, size) != 0;
		compare->at = at;
		at += size;
		c->compared += size;
		image_pace_keep(&c->verify_pace, size);
	}
	return 0;
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

static int compare_all(struct compare *compare, uint64_t start, uint64_t end, struct cow_error *err)
{
	struct image_range range = {start, start};
	int r = 0;

	while (!compare->differs && (r = next_range(compare->c, range.end, end, &range)) > 0) {
		r = compare_range(compare, &range, err);
		if (r < 0)
			return r;
	}
	return r < 0 ? base_fail(err, -r, "find the data of %s", BASE_QUOTE(compare->c->name)) : 0;
}

/* Better by direct I/O, but that alone would not do: Btrfs serves compressed and inline extents
 * from the cache all the same. */
static int compare_window(struct compare *compare, uint64_t start, uint64_t end,
			  struct cow_error *err)
{
	BASE_CLEANUP(free) void *original = image_buffer_new();
	BASE_CLEANUP(free) void *copy = image_buffer_new();
	struct convert *c = compare->c;
	double began = convert_now();
	int r;

	if (!original || !copy)
		return base_fail(err, ENOMEM, "verify the copy of %s", BASE_QUOTE(c->name));
	compare->original = original;
	compare->copy = copy;
	drop_cache(c->copy, start, end);
	set_direct(c->copy, true);
	r = compare_all(compare, start, end, err);
	set_direct(c->copy, false);
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
