/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the engines share: pieces, pace, messages; and the operations on real files. */
#include <fcntl.h>
#include <linux/falloc.h>

#include "base/error.h"
#include "base/fd.h"
#include "image/copy.h"

#define READ_AHEAD (2 * IMAGE_COPY_PIECE)
#define FLUSH_SIZE (64u << 20)

void *image_buffer_new(void)
{
	return aligned_alloc(IMAGE_BUFFER_ALIGN, IMAGE_COPY_PIECE);
}

/* Real files ---------------------------------------------------------------------------------- */

static int file_next_range(const struct image_copy *copy, uint64_t from, struct image_range *ret)
{
	return image_next_range(copy->from, from, copy->end, ret);
}

/* Filesystems that can't preallocate are left to allocate as they write. */
static int file_allocate(const struct image_copy *copy, uint64_t start, uint64_t end)
{
	if (fallocate(copy->to, FALLOC_FL_KEEP_SIZE, (off_t)start, (off_t)(end - start)) < 0 &&
	    errno != EOPNOTSUPP)
		return -errno;
	return 0;
}

static void file_announce(const struct image_copy *copy, uint64_t at, size_t size)
{
	posix_fadvise(copy->from, (off_t)at, (off_t)size, POSIX_FADV_WILLNEED);
}

static int file_read(const struct image_copy *copy, void *buffer, size_t size, uint64_t at)
{
	ssize_t n = base_pread_full(copy->from, buffer, size, (off_t)at);

	if (n < 0)
		return (int)n;
	return (size_t)n < size ? -ESTALE : 0;
}

static int file_write(const struct image_copy *copy, const void *buffer, size_t size, uint64_t at)
{
	ssize_t n = base_pwrite_full(copy->to, buffer, size, (off_t)at);

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
	.announce = file_announce,
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

static int next_range(struct image_copy *copy, struct image_copy_cursor *cursor,
		      struct cow_error *err)
{
	int r = copy->operations->next_range(copy, cursor->at, &cursor->range);

	if (r < 0)
		return base_fail(err, -r, "find the data of %s", BASE_QUOTE(copy->name));
	if (r == 0)
		return 0;
	cursor->at = cursor->range.start;
	if (copy->allocate)
		r = copy->operations->allocate(copy, cursor->range.start, cursor->range.end);
	if (r < 0)
		return base_fail(err, -r, "allocate space for the copy of %s",
				 BASE_QUOTE(copy->name));
	return 1;
}

int image_copy_next(struct image_copy *copy, struct image_copy_cursor *cursor,
		    struct cow_error *err)
{
	size_t piece = image_pace_piece(&copy->pace, IMAGE_COPY_PIECE);
	int r = 1;

	if (!cursor->size)
		cursor->at = cursor->range.end = copy->start;
	cursor->at += cursor->size;
	if (cursor->at >= cursor->range.end)
		r = next_range(copy, cursor, err);
	if (r <= 0)
		return r;
	if (cursor->range.end - cursor->at < piece)
		piece = (size_t)(cursor->range.end - cursor->at);
	cursor->size = piece;
	return 1;
}

int image_copy_read(struct image_copy *copy, const struct image_copy_cursor *cursor, void *buffer,
		    struct cow_error *err)
{
	uint64_t next = cursor->at + cursor->size, ahead = copy->end - next;
	int r;

	if (ahead)
		copy->operations->announce(copy, next,
					   ahead < READ_AHEAD ? (size_t)ahead : READ_AHEAD);
	r = copy->operations->read(copy, buffer, cursor->size, cursor->at);
	return r < 0 ? fail_read(copy->name, r, cursor->at, err) : 0;
}

/* A stretch that has been written without a gap is flushed once it is long enough. */
static int flush(struct image_copy *copy, uint64_t at, uint64_t end)
{
	uint64_t start = at == copy->written ? copy->flushed : at;

	copy->written = end;
	copy->flushed = end - start < FLUSH_SIZE ? start : end;
	return copy->flushed == end ? copy->operations->flush(copy, start, end) : 0;
}

int image_copy_write(struct image_copy *copy, const struct image_copy_cursor *cursor,
		     const void *buffer, struct cow_error *err)
{
	int r = copy->operations->write(copy, buffer, cursor->size, cursor->at);

	if (r == 0)
		r = flush(copy, cursor->at, cursor->at + cursor->size);
	if (r < 0)
		return base_fail(err, -r, "write the copy of %s", BASE_QUOTE(copy->name));
	copy->done += cursor->size;
	image_pace_keep(&copy->pace, cursor->size);
	return copy->step ? copy->step(copy->data, copy->done, err) : 0;
}

int image_copy_run(struct image_copy *copy, struct cow_error *err)
{
	if (!copy->operations)
		copy->operations = &file_operations;
	return image_copy_in_turn(copy, err);
}
