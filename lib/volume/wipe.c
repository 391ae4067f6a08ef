/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "audit/look.h"
#include "base/error.h"
#include "base/text.h"
#include "convert/spans.h"
#include "image/extents.h"
#include "probe/verdict.h"
#include "volume/header.h"

/* Whole patterns of one, two and three bytes. */
#define PIECE ((size_t)3 << 18)

/* Passes as words: bytes in hexadecimal, or R for random ones, with how many such passes. */
static const struct {
	const char *name, *passes;
} algorithms[] = {
	[COW_WIPE_UNKNOWN] = {"unknown", NULL},
	[COW_WIPE_ZERO] = {"zero", "00"},
	[COW_WIPE_NNSA] = {"nnsa", "R2 00"},
	[COW_WIPE_DOD] = {"dod", "R1 00 ff"},
	[COW_WIPE_BSI] = {"bsi", "ff fe fd fb f7 ef df bf 7f"},
	[COW_WIPE_GUTMANN] = {"gutmann", "R4 55 aa 924924 492492 249249 00 11 22 33 44 55 66 77 88 "
					 "99 aa bb cc dd ee ff 924924 492492 249249 6db6db b6db6d "
					 "db6db6 R4"},
	[COW_WIPE_SCHNEIER] = {"schneier", "00 ff R5"},
	[COW_WIPE_PFITZNER7] = {"pfitzner7", "R7"},
	[COW_WIPE_PFITZNER33] = {"pfitzner33", "R33"},
	[COW_WIPE_RANDOM] = {"random", "R1"},
	[COW_WIPE_TRIM] = {"trim", ""},
};

COW_EXPORT const char *cow_wipe_name(enum cow_wipe algorithm)
{
	return algorithms[(size_t)algorithm < BASE_ARRAY_SIZE(algorithms) ? algorithm : 0].name;
}

COW_EXPORT enum cow_wipe cow_wipe_from_name(const char *name)
{
	if (!name)
		return COW_WIPE_ZERO;
	for (size_t i = 1; i < BASE_ARRAY_SIZE(algorithms); i++)
		if (base_equal(name, algorithms[i].name))
			return (enum cow_wipe)i;
	return COW_WIPE_UNKNOWN;
}

struct wipe {
	const char *name;
	int fd;
	uint64_t size, done, total;
	cow_volume_progress progress;
	void *data;
	bool random;
	unsigned char *buffer;
	struct convert_spans parts; /* what is overwritten */
};

static int fill_randomly(unsigned char *buffer, size_t size)
{
	for (size_t at = 0; at < size;) {
		ssize_t n = getrandom(buffer + at, size - at, 0);

		if (n < 0 && errno != EINTR)
			return -errno;
		at += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* "924924" and so on until the buffer is full. */
static void fill_with(unsigned char *buffer, const char *word)
{
	size_t length = strspn(word, "0123456789abcdef") / 2;

	for (size_t i = 0; i < length; i++) {
		unsigned byte = 0;

		sscanf(word + 2 * i, "%2x", &byte);
		buffer[i] = (unsigned char)byte;
	}
	for (size_t i = length; i < PIECE; i++)
		buffer[i] = buffer[i - length];
}

static int write_range(struct wipe *wipe, const struct image_range *range)
{
	for (uint64_t at = range->start; at < range->end;) {
		uint64_t left = range->end - at;
		size_t n = left < PIECE ? (size_t)left : PIECE;
		int r = wipe->random ? fill_randomly(wipe->buffer, n) : 0;
		ssize_t written =
			r < 0 ? r : base_pwrite_full(wipe->fd, wipe->buffer, n, (off_t)at);

		if (written < 0)
			return (int)written;
		at += n;
		wipe->done += n;
		if (wipe->progress && wipe->progress(wipe->done, wipe->total, wipe->data))
			return -ECANCELED;
	}
	return 0;
}

/* What reads as zeros there, but may have been made so over old data, as QEMU does it for a guest.
 */
static int add_unwritten(const struct fiemap_extent *extent, void *data)
{
	struct wipe *wipe = data;

	if (extent->fe_flags & FIEMAP_EXTENT_UNWRITTEN)
		convert_spans_add(&wipe->parts, extent->fe_logical,
				  extent->fe_logical + extent->fe_length);
	return 0;
}

/* All data, and what else the file has blocks for; holes have none, and what lies behind the end
 * was never written to. Nobody has it open who could change that, so it is found out once. */
static int find_parts(struct wipe *wipe)
{
	struct image_range range = {0, 0};
	struct image_known known = {0};
	int r = fsync(wipe->fd) < 0 ? -errno : 0; /* what has no place yet is in no map */

	/* FIEMAP takes no part of no length. */
	if (r == 0 && wipe->size)
		r = image_extents_each(wipe->fd, 0, wipe->size, add_unwritten, wipe);
	/* Where the filesystem doesn't tell them apart, data is all there is. */
	if (r < 0 && r != -EOPNOTSUPP)
		return r;
	while ((r = image_next_known_range(wipe->fd, &known, range.end, wipe->size, &range)) > 0)
		convert_spans_add(&wipe->parts, range.start, range.end);
	convert_spans_settle(&wipe->parts, wipe->size);
	return r == 0 && wipe->parts.failed ? -ENOMEM : r;
}

static int run_pass(struct wipe *wipe)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < wipe->parts.n; i++)
		r = write_range(wipe, &wipe->parts.list[i]);
	if (r < 0)
		return r;
	return fsync(wipe->fd) < 0 ? -errno : 0;
}

/* How many passes a word stands for. */
static unsigned count_of(const char *word)
{
	return word[0] == 'R' ? (unsigned)atoi(word + 1) : 1;
}

static const char *next_word(const char *word)
{
	const char *space = strchr(word, ' ');

	return space ? space + 1 : "";
}

static int run_passes(struct wipe *wipe, const char *passes)
{
	int r = find_parts(wipe);
	unsigned count = 0;

	for (const char *word = passes; *word; word = next_word(word))
		count += count_of(word);
	wipe->total = convert_spans_bytes(&wipe->parts) * count;
	for (const char *word = passes; r == 0 && *word; word = next_word(word)) {
		wipe->random = word[0] == 'R';
		if (!wipe->random)
			fill_with(wipe->buffer, word);
		for (unsigned i = 0; r == 0 && i < count_of(word); i++)
			r = run_pass(wipe);
	}
	return r;
}

static int trim(const struct wipe *wipe)
{
	if (wipe->size && fallocate(wipe->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
				    (off_t)wipe->size) < 0)
		return -errno;
	return fsync(wipe->fd) < 0 ? -errno : 0;
}

static int run(struct wipe *wipe, enum cow_wipe algorithm, struct cow_error *err)
{
	int r;

	wipe->buffer = malloc(PIECE);
	if (!wipe->buffer)
		r = -ENOMEM;
	else if (algorithm == COW_WIPE_TRIM)
		r = trim(wipe);
	else
		r = run_passes(wipe, algorithms[algorithm].passes);
	free(wipe->buffer);
	free(wipe->parts.list);
	if (r == -ECANCELED)
		return base_refuse(err, ECANCELED, COW_CODE_CANCELLED,
				   "stopped: part of volume %s is not wiped",
				   BASE_QUOTE(wipe->name));
	return r < 0 ? base_fail(err, -r, "wipe volume %s", BASE_QUOTE(wipe->name)) : 0;
}

COW_EXPORT int cow_volume_wipe(struct cow_pool_store *store, const struct cow_pool *pool,
			       const char *name, enum cow_format format, enum cow_wipe algorithm,
			       cow_volume_progress progress, void *data,
			       enum cow_overwrite *ret_overwrite, struct cow_error *err)
{
	BASE_CLEANUP(place) struct volume_place place = {.fd = -1};
	BASE_CLEANUP(claim) struct volume_claim claim = {.fd = -1};
	BASE_CLEANUP(fd) int fd = -1;
	struct wipe wipe = {.name = name, .progress = progress, .data = data};
	BASE_CLEANUP(header) struct cow_header header = {0};
	struct cow_file_state state = {0};
	int r;

	if (algorithm <= COW_WIPE_UNKNOWN || algorithm > COW_WIPE_TRIM)
		return base_fail(err, EINVAL, "wipe a volume: no such algorithm");
	r = volume_claim_in(&place, store, pool, name, O_RDONLY, &claim, err);
	if (r == 0)
		r = volume_header_read(&claim, name, format, &header, err);
	if (r == 0)
		r = volume_check_external(&header, name,
					  "to wipe no more than this one: --format raw", err);
	if (r < 0)
		return r;
	/* Before: what it does to the old blocks is the question. To open it for writing is enough
	 * to have an overlay leave those where they are, and put a copy in their place. */
	audit_look_state(claim.fd, place.own, &state);
	if (place.own->top)
		probe_fold_below(place.own->top, &state);
	wipe.fd = fd = base_fd_reopen(claim.fd, O_RDWR);
	if (fd < 0)
		return base_fail(err, -fd, "open volume %s", BASE_QUOTE(name));
	wipe.size = (uint64_t)claim.st.st_size;
	r = run(&wipe, algorithm, err);
	if (r == 0 && ret_overwrite)
		*ret_overwrite = state.overwrite;
	return r;
}
