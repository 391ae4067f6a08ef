/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes once more: from the disk, against the original. */
#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/thread.h"
#include "convert/convert.h"
#include "image/copy.h"

/* Past the page cache by dropping what is cached; it is clean, for fsync went before. */
static void drop_cache(int fd)
{
	fcntl(fd, F_SETFL, 0);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
}

/* Better by direct I/O, but that alone would not do: Btrfs serves compressed and inline extents
 * from the cache all the same. */
static void bypass_cache(int fd)
{
	drop_cache(fd);
	fcntl(fd, F_SETFL, O_DIRECT);
}

static int fail_compare(const struct convert *c, uint64_t at, struct cow_error *err)
{
	return base_refuse(err, EIO, COW_CODE_CORRUPT,
			   "the copy of %s read back differs after byte %llu", BASE_QUOTE(c->name),
			   (unsigned long long)at);
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
		drop_cache(fd);
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
	return (size_t)reading->result < reading->size ? fail_compare(c, reading->at, err) : 0;
}

struct compare {
	struct convert *c;
	unsigned char *original, *copy;
	uint64_t done;
};

static size_t piece(uint64_t at, uint64_t end)
{
	return end - at < IMAGE_COPY_PIECE ? (size_t)(end - at) : IMAGE_COPY_PIECE;
}

static int compare_range(struct compare *compare, const struct image_range *range,
			 struct cow_error *err)
{
	uint64_t at = range->start & ~(uint64_t)(IMAGE_BUFFER_ALIGN - 1);

	while (at < range->end) {
		size_t size = piece(at, range->end);
		struct reading reading = {compare->c, compare->copy, size, at, 0};
		int r = convert_step(compare->c, COW_CONVERT_PHASE_VERIFY, compare->done, err);

		if (r < 0 || (r = read_both(&reading, compare->original, err)) < 0)
			return r;
		if (memcmp(compare->original, compare->copy, size) != 0)
			return fail_compare(compare->c, at, err);
		at += size;
		compare->done += size;
	}
	return 0;
}

/* Every range that either file calls data, so that nothing in a hole of one goes unseen. */
static int compare_all(struct compare *compare, struct cow_error *err)
{
	struct convert *c = compare->c;
	const int files[] = {c->original, c->copy};
	uint64_t size = (uint64_t)c->before.st_size, done = 0;

	while (done < size) {
		struct image_range next = {size, size};

		for (size_t i = 0; i < BASE_ARRAY_SIZE(files); i++) {
			struct image_range range;
			int r = image_next_range(files[i], done, size, &range);

			if (r < 0)
				return base_fail(err, -r, "find the data of %s",
						 BASE_QUOTE(c->name));
			if (r > 0 && range.start < next.start)
				next = range;
		}
		if (next.start < size) {
			int r = compare_range(compare, &next, err);

			if (r < 0)
				return r;
		}
		done = next.end;
	}
	return 0;
}

int convert_verify_data(struct convert *c, struct cow_error *err)
{
	BASE_CLEANUP(free) void *original = image_buffer_new();
	BASE_CLEANUP(free) void *copy = image_buffer_new();
	struct compare compare = {c, original, copy, 0};
	int r;

	if (!original || !copy)
		return base_fail(err, ENOMEM, "verify the copy of %s", BASE_QUOTE(c->name));
	bypass_cache(c->copy);
	r = compare_all(&compare, err);
	fcntl(c->copy, F_SETFL, 0);
	c->result->verified = r == 0;
	return r;
}
