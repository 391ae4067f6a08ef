/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writing once more what is there already. The kernel puts it elsewhere, for the old place is
 * shared or old: a crash leaves one place or the other, with the same bytes.
 *
 * To read and to write again must not have a writer in between. A lease says that there is none,
 * and that nobody has it mapped. It is held for one piece at a time, already read into the page
 * cache, and given up before the slow part, the way to the disk.
 */
#include <fcntl.h>
#include <linux/falloc.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "convert/convert.h"
#include "convert/open.h"
#include "convert/unshare.h"
#include "image/cache.h"

/* What the end of a file is rounded up to. */
#define BLOCK 4096

/* Large enough for long extents. */
#define FLUSH_SIZE (64u << 20)

/* To be asked for while nobody else has it open. */
static struct timespec time_of(const struct unshare *u)
{
	struct stat st;

	return fstat(u->fd, &st) == 0 ? st.st_mtim : (struct timespec){0};
}

/* Whoever wrote while there was no lease is gone, but the time of that is there, and stays. */
static void find_writer(struct unshare *u)
{
	struct timespec now = time_of(u);

	convert_hold_saw_writer(u->watch); /* no news */
	if (memcmp(&now, &u->own, sizeof(now)) != 0)
		u->before.st_mtim = u->own = now;
}

int convert_unshare_hold(struct unshare *u, struct cow_error *err)
{
	int r = convert_hold_lease_alone(&u->hold, u->fd);

	if (r == -EAGAIN)
		return convert_fail_in_use(u->name, &u->before, err);
	if (r < 0)
		return convert_fail_to_hold(u->name, r, err);
	find_writer(u);
	return 0;
}

/* XFS: the kernel does it all, and nobody can write in between. A file that somebody has made
 * shorter by then stays so. */
#define UNSHARE (FALLOC_FL_UNSHARE_RANGE | FALLOC_FL_KEEP_SIZE)

static int renew_by_kernel(struct unshare *u, uint64_t at, size_t size)
{
	convert_hold_release_lease(&u->hold);
	if (fallocate(u->fd, UNSHARE, (off_t)at, (off_t)size) < 0)
		return -errno;
	/* Whoever is there by now, or was and has left, may have written as well. */
	if (convert_hold_lease(&u->hold, u->fd, F_WRLCK) == 0 && !convert_hold_saw_writer(u->watch))
		u->own = time_of(u);
	return 0;
}

/* A lease is taken away from those who don't give it up in time (45 s), such as who waits for a
 * disk that hangs. */
static int rewrite(struct unshare *u, uint64_t at, size_t size)
{
	ssize_t n = base_pread_full(u->fd, u->buffer, size, (off_t)at);

	if (n < 0)
		return (int)n;
	if (!convert_hold_intact(&u->hold))
		return -EBUSY;
	n = base_pwrite_full(u->fd, u->buffer, (size_t)n, (off_t)at);
	return n < 0 ? (int)n : 0;
}

/* Preallocated space has nothing to be read: it is exchanged for other. */
static int preallocate(struct unshare *u, uint64_t start, uint64_t end)
{
	off_t size = (off_t)((end - start + BLOCK - 1) / BLOCK * BLOCK);

	if (!convert_hold_intact(&u->hold))
		return -EBUSY;
	if (fallocate(u->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)start, size) < 0 ||
	    fallocate(u->fd, FALLOC_FL_KEEP_SIZE, (off_t)start, size) < 0)
		return -errno;
	return 0;
}

/* What lies in a span and is no data is preallocated: holes are in no span. */
static int renew_by_hand(struct unshare *u, uint64_t at, size_t size)
{
	uint64_t end = at + size;
	struct image_range range;
	int r = 0, found;

	while (r == 0 && at < end) {
		found = image_next_range(u->fd, at, end, &range);
		if (found < 0)
			return found;
		if (!found)
			range = (struct image_range){end, end};
		if (range.start > at)
			r = preallocate(u, at, range.start);
		if (r == 0 && range.end > range.start)
			r = rewrite(u, range.start, (size_t)(range.end - range.start));
		at = range.end;
	}
	u->own = time_of(u);
	convert_hold_release_lease(&u->hold);
	return r;
}

/* The larger a piece, the longer the extents, but with a lease somebody may be waiting. */
static const struct unshare_engine by_kernel = {renew_by_kernel, FLUSH_SIZE, false};
static const struct unshare_engine by_hand = {renew_by_hand, IMAGE_COPY_PIECE, true};

/* Tried on the first block that needs it, which it reads into the page cache. Other errors come
 * again where they are looked for. */
static int pick_engine(struct unshare *u, struct cow_error *err)
{
	off_t first = u->spans.n ? (off_t)u->spans.list[0].start : 0;
	int r = convert_unshare_hold(u, err);

	if (r < 0)
		return r;
	u->watch = convert_hold_watch(u->fd);
	u->engine = &by_kernel;
	if (fallocate(u->fd, UNSHARE, first, 1) < 0 && errno == EOPNOTSUPP)
		u->engine = &by_hand;
	u->own = time_of(u);
	convert_hold_release_lease(&u->hold);
	return 0;
}

static int renew_piece(struct unshare *u, uint64_t at, size_t size, struct cow_error *err)
{
	int r = 0;

	/* Into the page cache, so that the lease need not wait for the disk. */
	if (u->engine->reads)
		r = image_read_exactly(u->fd, u->name, u->buffer, size, at, err);
	if (r == 0)
		r = convert_unshare_hold(u, err);
	if (r < 0)
		return r;
	r = u->engine->renew(u, at, size);
	convert_hold_release_lease(&u->hold);
	if (r == -EBUSY)
		return convert_fail_in_use(u->name, &u->before, err);
	return r < 0 ? base_fail(err, -r, "write %s at byte %llu", BASE_QUOTE(u->name),
				 (unsigned long long)at)
		     : 0;
}

static int step(struct unshare *u, uint64_t at, size_t size, struct cow_error *err)
{
	const struct cow_unshare_options *options = u->options;
	struct cow_unshare_result *result = u->result;
	int r = renew_piece(u, at, size, err);

	if (r < 0)
		return r;
	result->bytes_rewritten += size;
	if (result->bytes_rewritten - u->flushed >= FLUSH_SIZE) {
		u->flushed = result->bytes_rewritten;
		if (sync_file_range(u->fd, 0, 0, SYNC_FILE_RANGE_WRITE) < 0)
			return base_fail(err, errno, "write %s", BASE_QUOTE(u->name));
	}
	if (options->progress &&
	    options->progress(result->bytes_rewritten, result->bytes, options->progress_data))
		return base_fail_code(err, ECANCELED, COW_CODE_CANCELLED, "unshare %s",
				      BASE_QUOTE(u->name));
	return 0;
}

/* The part of a span that lies in a window. */
static int renew_span(struct unshare *u, const struct image_range *span,
		      const struct image_cache *window, struct cow_error *err)
{
	uint64_t at = span->start > window->start ? span->start : window->start;
	uint64_t end = span->end < window->end ? span->end : window->end;
	int r = 0;

	while (r == 0 && at < end) {
		size_t piece = u->engine->piece;
		size_t size = end - at < piece ? (size_t)(end - at) : piece;

		r = step(u, at, size, err);
		at += size;
	}
	return r;
}

/* On disk before it is left behind: only then can it leave the page cache. */
static int renew_window(struct unshare *u, uint64_t start, uint64_t end, struct cow_error *err)
{
	struct image_cache window;
	int r = 0;

	image_cache_note(&window, u->fd, &(struct image_known){0}, start, end);
	if (!u->engine)
		r = pick_engine(u, err);
	for (size_t i = 0; r == 0 && i < u->spans.n; i++)
		r = renew_span(u, &u->spans.list[i], &window, err);
	if (fdatasync(u->fd) < 0 && r == 0)
		r = base_fail(err, errno, "write %s to disk", BASE_QUOTE(u->name));
	image_cache_restore(&window, u->fd, u->fd);
	return r;
}

int convert_unshare_renew(struct unshare *u, struct cow_error *err)
{
	uint64_t size = u->spans.n ? u->spans.list[u->spans.n - 1].end : 0, at = 0;
	BASE_CLEANUP(free) void *buffer = image_buffer_new();
	int r = 0;

	if (!buffer)
		return base_fail(err, ENOMEM, "unshare %s", BASE_QUOTE(u->name));
	u->buffer = buffer;
	for (size_t i = 0; i < u->spans.n; i++) {
		const struct image_range *span = &u->spans.list[i];
		uint64_t first = span->start / IMAGE_CACHE_SPAN * IMAGE_CACHE_SPAN;

		for (at = at > first ? at : first; r == 0 && at < span->end; at += IMAGE_CACHE_SPAN)
			r = renew_window(
				u, at, size - at < IMAGE_CACHE_SPAN ? size : at + IMAGE_CACHE_SPAN,
				err);
	}
	return r;
}
