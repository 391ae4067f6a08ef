/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "volume/transfer.h"

#define PIECE   ((size_t)1 << 20)
#define WAIT_MS 100

/* @return 0 to go on, or -ECANCELED. */
static int step(const struct volume_transfer *t)
{
	const struct cow_volume_transfer *options = t->options;

	bool stop = options->progress && options->progress(t->done, t->total, options->data);

	return stop ? -ECANCELED : 0;
}

/* Whoever has the other end of a pipe may take any time, in which it can be stopped all the same.
 */
static int await(const struct volume_transfer *t, int fd, short events)
{
	struct pollfd other = {.fd = fd, .events = events};
	int r = 0, n = 0;

	while (n == 0 && r == 0) {
		n = poll(&other, 1, WAIT_MS);
		if (n < 0 && errno == EINTR)
			n = 0;
		r = n < 0 ? -errno : n == 0 ? step(t) : 0;
	}
	return r;
}

static ssize_t read_stream(const struct volume_transfer *t, size_t size)
{
	for (;;) {
		int r = await(t, t->from, POLLIN);
		ssize_t n;

		if (r < 0)
			return r;
		n = read(t->from, t->buffer, size);
		if (n >= 0 || errno != EINTR)
			return n < 0 ? -errno : n;
	}
}

static ssize_t read_piece(const struct volume_transfer *t, size_t size)
{
	return t->from_at < 0 ? read_stream(t, size)
			      : base_pread_full(t->from, t->buffer, size, t->from_at);
}

/* No more at once than there is room for. */
static int write_stream(const struct volume_transfer *t, size_t size)
{
	for (size_t at = 0; at < size;) {
		size_t left = size - at;
		int r = await(t, t->to, POLLOUT);
		ssize_t n;

		if (r < 0)
			return r;
		n = write(t->to, t->buffer + at, left < PIPE_BUF ? left : PIPE_BUF);
		if (n < 0 && errno != EINTR)
			return -errno;
		at += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int write_piece(const struct volume_transfer *t, size_t size)
{
	ssize_t n;

	if (t->to_at < 0)
		return write_stream(t, size);
	n = base_pwrite_full(t->to, t->buffer, size, t->to_at);
	return n < 0 ? (int)n : 0;
}

static bool is_zero(const char *buffer, size_t size)
{
	return size && !buffer[0] && !memcmp(buffer, buffer + 1, size - 1);
}

/* Leave a hole in the target, whatever is there. */
static int leave_hole(const struct volume_transfer *t, uint64_t size)
{
	if (fallocate(t->to, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, t->to_at, (off_t)size) < 0)
		return -errno;
	return 0;
}

static void advance(struct volume_transfer *t, uint64_t size)
{
	t->from_at += t->from_at >= 0 ? (off_t)size : 0;
	t->to_at += t->to_at >= 0 ? (off_t)size : 0;
	t->left -= size;
	t->done += size;
}

/* How far the source has a hole from here on; 0 where it has data, or can't say. */
static uint64_t find_hole(const struct volume_transfer *t)
{
	off_t data = lseek(t->from, t->from_at, SEEK_DATA), size;
	uint64_t hole;

	if (data < 0 && errno == ENXIO) {
		size = lseek(t->from, 0, SEEK_END);
		data = size > t->from_at ? size : t->from_at;
	}
	hole = data > t->from_at ? (uint64_t)(data - t->from_at) : 0;
	return hole < t->left ? hole : t->left;
}

/* Move one piece. @return 1, 0 at the end, or a negative errno. */
static int move_piece(struct volume_transfer *t)
{
	bool sparse = t->options->flags & COW_VOLUME_TRANSFER_SPARSE && t->to_at >= 0;
	uint64_t size = sparse && t->from_at >= 0 ? find_hole(t) : 0;
	ssize_t n;
	int r;

	if (size && leave_hole(t, size) == 0) {
		advance(t, size);
		return 1;
	}
	n = read_piece(t, t->left < PIECE ? (size_t)t->left : PIECE);
	if (n <= 0)
		return (int)n;
	size = (uint64_t)n;
	r = sparse && is_zero(t->buffer, size) ? leave_hole(t, size) : -EOPNOTSUPP;
	if (r < 0)
		r = write_piece(t, size);
	if (r < 0)
		return r;
	advance(t, size);
	return 1;
}

static bool has_length(const struct stat *st)
{
	return S_ISREG(st->st_mode); /* to be set; that of a device is what it is */
}

/* A hole at the end has made nothing longer. Who reads or writes there next goes on behind it. */
static int finish(const struct volume_transfer *t)
{
	struct stat st;

	if (t->from_at >= 0 && lseek(t->from, t->from_at, SEEK_SET) < 0)
		return -errno;
	if (fstat(t->to, &st) < 0)
		return -errno;
	/* A pipe has no disk; a file that is only appended to has. */
	if (t->to_at < 0)
		return S_ISREG(st.st_mode) && fsync(t->to) < 0 ? -errno : 0;
	if ((has_length(&st) && st.st_size < t->to_at && ftruncate(t->to, t->to_at) < 0) ||
	    fsync(t->to) < 0 || lseek(t->to, t->to_at, SEEK_SET) < 0)
		return -errno;
	return 0;
}

static int move_all(struct volume_transfer *t, struct cow_error *err)
{
	int r;

	t->buffer = malloc(PIECE);
	if (!t->buffer)
		return base_fail(err, ENOMEM, "copy volume %s", BASE_QUOTE(t->name));
	do {
		r = step(t);
		if (r == 0)
			r = t->left ? move_piece(t) : 0;
	} while (r > 0);
	free(t->buffer);
	if (r == -ECANCELED)
		return base_refuse(err, ECANCELED, COW_CODE_CANCELLED, "stopped at volume %s",
				   BASE_QUOTE(t->name));
	if (r < 0)
		return base_fail(err, -r, "copy volume %s", BASE_QUOTE(t->name));
	r = finish(t);
	return r < 0 ? base_fail(err, -r, "write volume %s to disk", BASE_QUOTE(t->name)) : 0;
}

/* A file that is only appended to can be written in order alone. */
off_t volume_transfer_position(int fd)
{
	struct stat st;
	int flags = fcntl(fd, F_GETFL);

	if (fstat(fd, &st) < 0 || (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)) || flags < 0 ||
	    flags & O_APPEND)
		return -1;
	return lseek(fd, 0, SEEK_CUR);
}

static uint64_t rest_of(int fd, off_t at)
{
	struct stat st;

	return at >= 0 && fstat(fd, &st) == 0 && st.st_size > at ? (uint64_t)(st.st_size - at) : 0;
}

int volume_transfer_run(struct volume_transfer *t, uint64_t *ret_bytes, struct cow_error *err)
{
	uint64_t rest = rest_of(t->from, t->from_at), length = t->options->length;
	int r;

	t->left = length ? length : INT64_MAX;
	t->total = t->from_at >= 0 && rest < t->left ? rest : length;
	r = move_all(t, err);
	if (r == 0 && ret_bytes)
		*ret_bytes = t->done;
	return r;
}
