/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <linux/falloc.h>

#include "base/error.h"
#include "base/fd.h"
#include "image/copy.h"
#include "image/flight.h"

/* For less, threads are not worth their while. */
#define AT_ONCE_MIN ((uint64_t)16 << 20)
#define FLUSH_SIZE  ((uint64_t)64 << 20)

void *image_buffer_new(void)
{
	return aligned_alloc(IMAGE_BUFFER_ALIGN, IMAGE_COPY_PIECE);
}

/* Real files ---------------------------------------------------------------------------------- */

static int file_next_range(struct image_copy *copy, uint64_t from, struct image_range *ret)
{
	return image_next_known_range(copy->from, &copy->known, from, copy->end, ret);
}

/* Filesystems that can't preallocate are left to allocate as they write. */
static int file_allocate(const struct image_copy *copy, uint64_t start, uint64_t end)
{
	if (fallocate(copy->to, FALLOC_FL_KEEP_SIZE, (off_t)start, (off_t)(end - start)) < 0 &&
	    errno != EOPNOTSUPP)
		return -errno;
	return 0;
}

void image_set_direct(int fd, bool direct)
{
	int flags = fcntl(fd, F_GETFL);

	fcntl(fd, F_SETFL, direct ? flags | O_DIRECT : flags & ~O_DIRECT);
}

ssize_t image_read_blocks(int fd, void *buffer, size_t size, uint64_t at)
{
	size_t blocks = (size + IMAGE_BUFFER_ALIGN - 1) & ~(size_t)(IMAGE_BUFFER_ALIGN - 1);

	return base_pread_full(fd, buffer, blocks, (off_t)at);
}

/* How large blocks are depends on what lies below; where it is more, the rest goes through the
 * cache. */
static int file_read(const struct image_copy *copy, void *buffer, size_t size, uint64_t at)
{
	ssize_t n = image_read_blocks(copy->from, buffer, size, at);

	if (n == -EINVAL) {
		image_set_direct(copy->from, false);
		n = base_pread_full(copy->from, buffer, size, (off_t)at);
	}
	if (n < 0)
		return (int)n;
	return (size_t)n < size ? -ESTALE : 0;
}

static int file_write(const struct image_copy *copy, const void *buffer, size_t size, uint64_t at)
{
	ssize_t n = base_pwrite_full(copy->to, buffer, size, (off_t)at);

	if (n == -EINVAL) {
		image_set_direct(copy->to, false);
		n = base_pwrite_full(copy->to, buffer, size, (off_t)at);
	}
	return n < 0 ? (int)n : 0;
}

static int file_flush(const struct image_copy *copy, uint64_t start, uint64_t end)
{
	if (sync_file_range(copy->to, (off_t)start, (off_t)(end - start), SYNC_FILE_RANGE_WRITE) <
	    0)
		return -errno;
	return 0;
}

static const struct image_copy_operations file_operations = {
	.next_range = file_next_range,
	.allocate = file_allocate,
	.read = file_read,
	.write = file_write,
	.flush = file_flush,
};

/* Messages ------------------------------------------------------------------------------------ */

static int fail_read(const char *name, int r, uint64_t at, struct cow_error *err)
{
	if (r == -ESTALE)
		return base_refuse(err, ESTALE, COW_CODE_CHANGED, "%s became shorter meanwhile",
				   BASE_QUOTE(name));
	if (r == -EIO)
		return base_remedy(err,
				   base_fail_code(err, EIO, COW_CODE_CORRUPT,
						  "read %s at byte %llu", BASE_QUOTE(name),
						  (unsigned long long)at),
				   "the image is damaged there; restore it from a backup");
	return base_fail(err, -r, "read %s at byte %llu", BASE_QUOTE(name), (unsigned long long)at);
}

int image_read_exactly(int fd, const char *name, void *buffer, size_t size, uint64_t at,
		       struct cow_error *err)
{
	const struct image_copy copy = {.from = fd};
	int r = file_read(&copy, buffer, size, at);

	return r < 0 ? fail_read(name, r, at, err) : 0;
}

/* Pieces -------------------------------------------------------------------------------------- */

struct run {
	struct image_copy *copy;
	struct image_range range; /* what is left of the one that is being cut */
	uint64_t before;          /* bytes copied by earlier runs */
};

static int next_range(struct run *run, struct cow_error *err)
{
	struct image_copy *copy = run->copy;
	int r = copy->operations->next_range(copy, run->range.end, &run->range);

	if (r < 0)
		return base_fail(err, -r, "find the data of %s", BASE_QUOTE(copy->name));
	if (r == 0)
		return 0;
	/* What is written at once lies in one piece as it is. */
	if (copy->allocate && run->range.end - run->range.start > IMAGE_COPY_PIECE)
		r = copy->operations->allocate(copy, run->range.start, run->range.end);
	if (r < 0)
		return base_fail(err, -r, "allocate space for the copy of %s",
				 BASE_QUOTE(copy->name));
	return 1;
}

static int next_piece(void *data, struct image_piece *ret, struct cow_error *err)
{
	struct run *run = data;
	size_t size = image_pace_piece(&run->copy->pace, IMAGE_COPY_PIECE);
	int r = 1;

	if (run->range.start >= run->range.end)
		r = next_range(run, err);
	if (r <= 0)
		return r;
	if (run->range.end - run->range.start < size)
		size = (size_t)(run->range.end - run->range.start);
	*ret = (struct image_piece){run->range.start, size};
	run->range.start += size;
	return 1;
}

static int copy_piece(void *data, const struct image_piece *piece, void *buffer,
		      struct cow_error *err)
{
	struct run *run = data;
	struct image_copy *copy = run->copy;
	int r = copy->operations->read(copy, buffer, piece->size, piece->at);

	if (r < 0)
		return fail_read(copy->name, r, piece->at, err);
	if (copy->sums)
		image_sums_add(copy->sums, piece->at, buffer, piece->size);
	r = copy->operations->write(copy, buffer, piece->size, piece->at);
	return r < 0 ? base_fail(err, -r, "write the copy of %s", BASE_QUOTE(copy->name)) : 0;
}

/* Whatever was written since the last time, in whatever order. */
static int flush(const struct run *run, uint64_t done, struct cow_error *err)
{
	const struct image_copy *copy = run->copy;
	int r = 0;

	if (done / FLUSH_SIZE != (copy->done - run->before) / FLUSH_SIZE)
		r = copy->operations->flush(copy, copy->start, copy->end);
	return r < 0 ? base_fail(err, -r, "write the copy of %s", BASE_QUOTE(copy->name)) : 0;
}

static int step(void *data, uint64_t done, struct cow_error *err)
{
	struct run *run = data;
	struct image_copy *copy = run->copy;
	int r = flush(run, done, err);

	if (r < 0)
		return r;
	image_pace_add(&copy->pace, run->before + done - copy->done);
	copy->done = run->before + done;
	do
		r = copy->step ? copy->step(copy->data, copy->done, err) : 0;
	while (r == 0 && image_pace_wait(&copy->pace));
	return r;
}

unsigned image_copy_at_once(const struct image_pace *pace, uint64_t start, uint64_t end)
{
	return pace->rate || end - start < AT_ONCE_MIN ? 1 : IMAGE_FLIGHT_MAX;
}

static int run_all(struct image_copy *copy, struct cow_error *err)
{
	struct run run = {copy, {copy->start, copy->start}, copy->done};
	struct image_flight flight = {
		.at_once = image_copy_at_once(&copy->pace, copy->start, copy->end),
		.buffer_size = IMAGE_COPY_PIECE,
		.next = next_piece,
		.work = copy_piece,
		.step = step,
		.data = &run,
	};
	int r = image_flight_run(&flight, err);

	copy->done = run.before + flight.done;
	return r == 0 && flight.done && copy->step ? copy->step(copy->data, copy->done, err) : r;
}

int image_copy_run(struct image_copy *copy, struct cow_error *err)
{
	int r;

	if (copy->operations)
		return run_all(copy, err);
	copy->operations = &file_operations;
	image_set_direct(copy->from, copy->allocate && !copy->cached);
	image_set_direct(copy->to, copy->allocate);
	r = run_all(copy, err);
	copy->operations = NULL;
	return r;
}

void image_copy_end(const struct image_copy *copy)
{
	image_set_direct(copy->from, false);
	image_set_direct(copy->to, false);
}
