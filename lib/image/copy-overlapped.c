/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A thread reads the next piece while this one is written. It lives for one piece only: starting it
 * costs some hundredths of what reading one takes, and there is nothing to wake, to stop or to
 * clear up. Everything else stays in the caller's thread: step(), which is the program's, too. */
#include "base/error.h"
#include "base/thread.h"
#include "image/copy.h"

struct piece {
	struct image_copy *copy;
	struct image_copy_cursor cursor;
	void *buffer;
	int result;
	struct cow_error err;
};

static void *read_piece(void *data)
{
	struct piece *piece = data;

	piece->result = image_copy_read(piece->copy, &piece->cursor, piece->buffer, &piece->err);
	return NULL;
}

/* Read one and write the other at the same time. */
static int pass(struct piece *reads, const struct piece *writes, struct cow_error *err)
{
	pthread_t thread;
	bool threaded = base_thread_start(&thread, read_piece, reads) == 0;
	int r = image_copy_write(writes->copy, &writes->cursor, writes->buffer, err);

	if (threaded)
		pthread_join(thread, NULL);
	else
		read_piece(reads);
	if (r == 0 && reads->result < 0 && err)
		*err = reads->err;
	return r < 0 ? r : reads->result;
}

static int run(struct piece pieces[2], struct cow_error *err)
{
	struct piece *writes = &pieces[0], *reads = &pieces[1];
	int r = image_copy_next(writes->copy, &writes->cursor, err);

	if (r <= 0)
		return r;
	r = image_copy_read(writes->copy, &writes->cursor, writes->buffer, err);
	while (r == 0) {
		struct piece *written = writes;

		reads->cursor = writes->cursor;
		r = image_copy_next(reads->copy, &reads->cursor, err);
		if (r == 0)
			return image_copy_write(writes->copy, &writes->cursor, writes->buffer, err);
		if (r > 0)
			r = pass(reads, writes, err);
		writes = reads;
		reads = written;
	}
	return r;
}

int image_copy_overlapped(struct image_copy *copy, struct cow_error *err)
{
	BASE_CLEANUP(free) void *one = image_buffer_new();
	BASE_CLEANUP(free) void *other = image_buffer_new();
	struct piece pieces[2] = {{.copy = copy, .buffer = one}, {.copy = copy, .buffer = other}};

	if (!one || !other)
		return base_fail(err, ENOMEM, "copy %s", BASE_QUOTE(copy->name));
	return run(pieces, err);
}
