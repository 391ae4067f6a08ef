/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef IMAGE_COPY_H
#define IMAGE_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cow/error.h>

#include "image/pace.h"
#include "image/ranges.h"
#include "image/sums.h"

/*
 * The bytes of one file into another: what convert and clone have in common.
 *
 * In process, and through descriptors that the caller holds: a child opening an image again would
 * break the lease on it. Never by reflink or copy_file_range, which shares extents between files of
 * the same kind instead of copying.
 */

#define IMAGE_COPY_PIECE ((size_t)1 << 20)
/* Direct I/O wants buffers and offsets of whole blocks. */
#define IMAGE_BUFFER_ALIGN 4096u

struct image_copy;

/* All that is done to the two files, in a table so that a test can write down what was. Each
 * returns 0 (next_range: 1 or 0) or -errno. Several may be reading and writing at once. */
struct image_copy_operations {
	int (*next_range)(struct image_copy *, uint64_t from, struct image_range *);
	/* So that a range lies in one piece, and a full disk is found before anything is written.
	 */
	int (*allocate)(const struct image_copy *, uint64_t start, uint64_t end);
	int (*read)(const struct image_copy *, void *buffer, size_t size, uint64_t at);
	int (*write)(const struct image_copy *, const void *buffer, size_t size, uint64_t at);
	/* Begin to write to disk, so that the final fsync finds little to do. */
	int (*flush)(const struct image_copy *, uint64_t start, uint64_t end);
};

struct image_copy {
	int from, to;
	const char *name;    /* of what is copied, for messages */
	uint64_t start, end; /* the part to be copied */
	/* Preallocated extents are never compressed, and are of no use where the first overwrite
	 * takes new space anyway. */
	bool allocate;
	struct image_known known; /* of what is copied, from one part to the next */
	struct image_sums *sums;  /* notes what was read; NULL: nobody wants to know */
	bool cached;              /* most of the part is in the page cache: read it from there */
	struct image_pace pace;
	/* In the caller's thread, with the bytes copied so far: whenever that thread has copied a
	 * piece, and at the end. A negative errno ends it. May be NULL. */
	int (*step)(void *data, uint64_t done, struct cow_error *err);
	void *data;

	const struct image_copy_operations *operations; /* NULL: the real ones */
	void *operations_data;

	uint64_t done; /* bytes copied, by all runs of this struct */
};

/* Copy all data from start to end; holes are left to whoever prepared the target. Nothing is on
 * disk before the caller's fsync.
 *
 * Several pieces at once, unless there are few of them or there is a rate to keep to. By direct I/O
 * where the page cache would be nothing but a detour: not for what is cached, and not into a file
 * without preallocated extents, whose layout is best left to the cache. */
int image_copy_run(struct image_copy *copy, struct cow_error *err);
/* After the last part: the descriptors go through the page cache again, as others expect. */
void image_copy_end(const struct image_copy *copy);

/* How many pieces of a part to have in flight. */
unsigned image_copy_at_once(const struct image_pace *pace, uint64_t start, uint64_t end);

void *image_buffer_new(void);

/* Ask for direct I/O or end it. A file that can't do it stays as it is. */
void image_set_direct(int fd, bool direct);

/* Direct I/O is in whole blocks, also of the last one, of which the file may have a part only.
 * @return bytes, perhaps more than asked for, or -errno; -EINVAL: not with such blocks */
ssize_t image_read_blocks(int fd, void *buffer, size_t size, uint64_t at);

/* Read exactly this much. @return -ESTALE when the file has become shorter. */
int image_read_exactly(int fd, const char *name, void *buffer, size_t size, uint64_t at,
		       struct cow_error *err);

#endif
