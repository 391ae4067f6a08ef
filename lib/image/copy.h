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

/*
 * The bytes of one file into another: what convert and clone have in common.
 *
 * In process, and through descriptors that the caller holds: a child opening an image again would
 * break the lease on it. Never by reflink or copy_file_range, which shares extents between files of
 * the same kind instead of copying. Memory: IMAGE_COPY_BUFFERS pieces, whatever the file's size.
 */

#define IMAGE_COPY_PIECE   ((size_t)4 << 20)
#define IMAGE_COPY_BUFFERS 2

struct image_copy;

/* All that is done to the two files, in a table so that a test can write down what was. Each
 * returns 0 (next_range: 1 or 0) or -errno. */
struct image_copy_operations {
	int (*next_range)(const struct image_copy *, uint64_t from, struct image_range *);
	/* So that a range lies in one piece, and a full disk is found before anything is written.
	 */
	int (*allocate)(const struct image_copy *, uint64_t start, uint64_t end);
	/* This will be read soon: a fragmented file defeats the kernel's own read-ahead, which
	 * stops at the end of each extent. */
	void (*announce)(const struct image_copy *, uint64_t at, size_t size);
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
	struct image_pace pace;
	/* After each piece, with the bytes copied so far; a negative errno ends it. May be NULL. */
	int (*step)(void *data, uint64_t done, struct cow_error *err);
	void *data;

	const struct image_copy_operations *operations; /* NULL: the real ones */
	void *operations_data;

	uint64_t done; /* bytes copied, by all runs of this struct */

	/* The engine's own. */
	uint64_t flushed, written; /* where flushing and writing have come to */
};

/* An engine carries out the operations in its own order. Both do the same to the files. */
typedef int image_copy_engine(struct image_copy *, struct cow_error *);
image_copy_engine image_copy_in_turn;    /* read, write, read, write: the reference */
image_copy_engine image_copy_overlapped; /* reads the next piece while the last one is written */

/* Copy all data from start to end; holes are left to whoever prepared the target. Nothing is on
 * disk before the caller's fsync. */
int image_copy_run(struct image_copy *copy, struct cow_error *err);

/* Shared by the engines ----------------------------------------------------------------------- */

/* The pieces of the part that is copied, one after the other. Zero it first. */
struct image_copy_cursor {
	struct image_range range;
	uint64_t at;
	size_t size; /* of the piece at `at`; 0 before the first */
};

/* Step to the next piece, allocating where a range begins. @return 1, 0 at the end, -errno. */
int image_copy_next(struct image_copy *copy, struct image_copy_cursor *cursor,
		    struct cow_error *err);
int image_copy_read(struct image_copy *copy, const struct image_copy_cursor *cursor, void *buffer,
		    struct cow_error *err);
int image_copy_write(struct image_copy *copy, const struct image_copy_cursor *cursor,
		     const void *buffer, struct cow_error *err);

void *image_buffer_new(void);
/* Direct I/O wants buffers and offsets of whole blocks. */
#define IMAGE_BUFFER_ALIGN 4096u

/* Read exactly this much. @return -ESTALE when the file has become shorter. */
int image_read_exactly(int fd, const char *name, void *buffer, size_t size, uint64_t at,
		       struct cow_error *err);

#endif
