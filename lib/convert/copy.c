/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bytes: into the copy and onto the disk.
 *
 * In process and through the descriptors that hold the leases: a child opening the image again
 * would break them. Never by reflink or copy_file_range, which shares extents between files of the
 * same kind instead of copying (docs/kernel-facts.md).
 */
#include <fcntl.h>
#include <linux/falloc.h>

#include "base/error.h"
#include "base/text.h"
#include "convert/convert.h"
#include "image/extents.h"

/* Let the disk read ahead while the copy is written: a fragmented file defeats the kernel's own
 * read-ahead, which stops at the end of each extent. */
#define READ_AHEAD ((off_t)2 * CONVERT_CHUNK)

/* Hand finished stretches to the disk early, so that the final fsync finds little to do. */
#define WRITE_BEHIND (64u << 20)

void *convert_buffer_new(void)
{
	return aligned_alloc(CONVERT_ALIGN, CONVERT_CHUNK);
}

size_t convert_chunk(uint64_t at, uint64_t end)
{
	return end - at < CONVERT_CHUNK ? (size_t)(end - at) : CONVERT_CHUNK;
}

static int fail_read(const struct convert *c, int r, uint64_t at, struct cow_error *err)
{
	if (r == -EIO)
		return base_remedy(err,
				   base_fail_code(err, EIO, COW_CODE_CORRUPT,
						  "read %s at byte %llu", BASE_QUOTE(c->name),
						  (unsigned long long)at),
				   "the image is damaged there; restore it from a backup");
	return base_fail(err, -r, "read %s at byte %llu", BASE_QUOTE(c->name),
			 (unsigned long long)at);
}

int convert_read_original(const struct convert *c, void *buffer, size_t size, uint64_t at,
			  struct cow_error *err)
{
	ssize_t n = base_pread_full(c->original, buffer, size, (off_t)at);

	if (n < 0)
		return fail_read(c, (int)n, at, err);
	if ((size_t)n < size)
		return base_refuse(err, ESTALE, COW_CODE_CHANGED, "%s became shorter meanwhile",
				   BASE_QUOTE(c->name));
	return 0;
}

/* Filesystems that can't preallocate are left to allocate as they write. */
static int allocate(const struct convert *c, uint64_t start, uint64_t end, struct cow_error *err)
{
	if (fallocate(c->copy, FALLOC_FL_KEEP_SIZE, (off_t)start, (off_t)(end - start)) < 0 &&
	    errno != EOPNOTSUPP)
		return base_fail(err, errno, "allocate space for the copy of %s",
				 BASE_QUOTE(c->name));
	return 0;
}

static int write_behind(const struct convert *c, uint64_t *behind, uint64_t end)
{
	if (end - *behind < WRITE_BEHIND)
		return 0;
	if (sync_file_range(c->copy, (off_t)*behind, (off_t)(end - *behind),
			    SYNC_FILE_RANGE_WRITE) < 0)
		return -errno;
	*behind = end;
	return 0;
}

static int copy_range(struct convert *c, const struct convert_range *range, void *buffer,
		      struct cow_error *err)
{
	uint64_t behind = range->start;
	int r = 0;

	/* One allocation for a whole range keeps it in one piece and finds a full disk before
	 * anything is written. Not for a CoW copy: preallocated extents are never compressed, and
	 * its first overwrite takes new space anyway. */
	if (c->options->to == COW_POLICY_OFF)
		r = allocate(c, range->start, range->end, err);

	for (uint64_t at = range->start; r == 0 && at < range->end;) {
		size_t size = convert_chunk(at, range->end);
		ssize_t n;

		posix_fadvise(c->original, (off_t)(at + size), READ_AHEAD, POSIX_FADV_WILLNEED);
		r = convert_step(c, COW_CONVERT_PHASE_COPY, c->result->bytes_copied, err);
		if (r < 0 || (r = convert_read_original(c, buffer, size, at, err)) < 0)
			break;
		n = base_pwrite_full(c->copy, buffer, size, (off_t)at);
		r = n < 0 ? (int)n : write_behind(c, &behind, at + size);
		if (r < 0)
			return base_fail(err, -r, "write the copy of %s", BASE_QUOTE(c->name));
		at += size;
		c->result->bytes_copied += size;
	}
	return r;
}

struct keep {
	const struct convert *c;
	struct cow_error *err;
};

/* Preallocated space that was never written stays preallocated, beyond the end as well. */
static int keep_unwritten(const struct fiemap_extent *extent, void *data)
{
	const struct keep *keep = data;

	if (!(extent->fe_flags & FIEMAP_EXTENT_UNWRITTEN))
		return 0;
	return allocate(keep->c, extent->fe_logical, extent->fe_logical + extent->fe_length,
			keep->err);
}

static int preallocate(struct convert *c, struct cow_error *err)
{
	struct keep keep = {c, err};

	if (c->options->flags & COW_CONVERT_PREALLOCATE) {
		if (c->before.st_size && fallocate(c->copy, 0, 0, c->before.st_size) < 0)
			return base_fail(err, errno, "preallocate the copy of %s",
					 BASE_QUOTE(c->name));
		return 0;
	}
	if (!c->extents.unwritten_bytes)
		return 0;
	/* Here for the case that it is the map which fails: keep_unwritten() says it better. */
	base_fail(err, EIO, "map %s", BASE_QUOTE(c->name));
	return image_extents_each(c->original, false, keep_unwritten, &keep);
}

int convert_copy_data(struct convert *c, struct cow_error *err)
{
	BASE_CLEANUP(free) void *buffer = convert_buffer_new();
	uint64_t size = (uint64_t)c->before.st_size;
	struct convert_range range = {0, 0};
	int r;

	if (!buffer)
		return base_fail(err, ENOMEM, "copy %s", BASE_QUOTE(c->name));
	if (ftruncate(c->copy, c->before.st_size) < 0)
		return base_fail(err, errno, "set the size of the copy of %s", BASE_QUOTE(c->name));
	r = preallocate(c, err);
	if (r < 0)
		return r;
	while ((r = convert_next_range(c->original, range.end, size, &range)) > 0) {
		r = copy_range(c, &range, buffer, err);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return base_fail(err, -r, "find the data of %s", BASE_QUOTE(c->name));
	if (fsync(c->copy) < 0)
		return base_fail(err, errno, "write the copy of %s to disk", BASE_QUOTE(c->name));
	c->result->bytes_holes = size - c->result->bytes_copied;
	return 0;
}
