/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes: into the copy and onto the disk. */
#include <fcntl.h>
#include <linux/falloc.h>

#include "base/error.h"
#include "base/text.h"
#include "convert/convert.h"
#include "image/cache.h"
#include "image/extents.h"

#define WINDOW IMAGE_CACHE_SPAN
/* What is redone when a conversion is resumed. */
#define WINDOW_RESUMABLE ((uint64_t)128 << 20)
/* What is converted to find out how long all would take. */
#define SAMPLE ((uint64_t)64 << 20)

struct keep {
	const struct convert *c;
	uint64_t start, end;
	struct cow_error *err;
};

/* Preallocated space that was never written stays preallocated, beyond the end as well. */
static int keep_unwritten(const struct fiemap_extent *extent, void *data)
{
	const struct keep *keep = data;
	uint64_t start = extent->fe_logical, end = start + extent->fe_length;

	if (!(extent->fe_flags & FIEMAP_EXTENT_UNWRITTEN))
		return 0;
	if (start < keep->start)
		start = keep->start;
	if (end > keep->end)
		end = keep->end;
	if (fallocate(keep->c->copy, FALLOC_FL_KEEP_SIZE, (off_t)start, (off_t)(end - start)) < 0 &&
	    errno != EOPNOTSUPP)
		return base_fail(keep->err, errno, "allocate space for the copy of %s",
				 BASE_QUOTE(keep->c->name));
	return 0;
}

static int preallocate(const struct convert *c, uint64_t start, uint64_t end, struct cow_error *err)
{
	bool last = end == (uint64_t)c->before.st_size;
	struct keep keep = {c, start, last ? UINT64_MAX : end, err};

	if (c->options->flags & COW_CONVERT_PREALLOCATE) {
		if (fallocate(c->copy, 0, (off_t)start, (off_t)(end - start)) < 0)
			return base_fail(err, errno, "preallocate the copy of %s",
					 BASE_QUOTE(c->name));
		return 0;
	}
	if (!c->extents.unwritten_bytes && !c->away[0])
		return 0;
	/* Here for the case that it is the map which fails: keep_unwritten() says it better. */
	base_fail(err, EIO, "map %s", BASE_QUOTE(c->name));
	return image_extents_each(c->original, start, keep.end, keep_unwritten, &keep);
}

static int step(void *data, uint64_t done, struct cow_error *err)
{
	struct convert *c = data;

	c->result->bytes_copied = done;
	return convert_step(c, COW_CONVERT_PHASE_COPY, done, err);
}

static int copy_window(struct convert *c, uint64_t start, uint64_t end, struct cow_error *err)
{
	int r = convert_step(c, COW_CONVERT_PHASE_COPY, c->engine.done, err);

	c->engine.start = start;
	c->engine.end = end;
	if (r == 0)
		r = preallocate(c, start, end, err);
	if (r == 0)
		r = image_copy_run(&c->engine, err);
	if (r < 0)
		return r;
	if (fdatasync(c->copy) < 0)
		return base_fail(err, errno, "write the copy of %s to disk", BASE_QUOTE(c->name));
	return 0;
}

/* What was copied before the interruption is compared in any case, not believed. */
static int transfer(struct convert *c, uint64_t start, uint64_t end, struct cow_error *err)
{
	bool same = false;
	int r = c->resumed ? convert_compare(c, start, end, &same, err) : 0;

	if (r < 0 || same)
		return r;
	r = copy_window(c, start, end, err);
	if (r < 0 || c->options->flags & COW_CONVERT_NO_VERIFY)
		return r;
	return convert_verify(c, start, end, err);
}

int convert_transfer_window(struct convert *c, uint64_t start, uint64_t end, struct cow_error *err)
{
	struct image_cache cache;
	int r;

	image_sums_clear(&c->sums);
	image_cache_note(&cache, c->original, start, end);
	c->engine.cached = image_cache_is_warm(&cache);
	r = transfer(c, start, end, err);
	image_cache_restore(&cache, c->original, c->copy);
	return r;
}

void convert_transfer_begin(struct convert *c)
{
	c->engine = (struct image_copy){
		.from = c->original,
		.to = c->copy,
		.name = c->name,
		.allocate = c->options->to == COW_POLICY_OFF,
		.pace = {.rate = c->options->bandwidth},
		.sums = c->options->flags & COW_CONVERT_NO_VERIFY ? NULL : &c->sums,
		.step = step,
		.data = c,
	};
	c->verify_pace.rate = c->options->bandwidth;
}

int convert_transfer(struct convert *c, struct cow_error *err)
{
	uint64_t size = (uint64_t)c->before.st_size;
	uint64_t window = c->options->flags & COW_CONVERT_RESUME ? WINDOW_RESUMABLE : WINDOW;
	int r = 0;

	convert_transfer_begin(c);
	if (ftruncate(c->copy, c->before.st_size) < 0)
		return base_fail(err, errno, "set the size of the copy of %s", BASE_QUOTE(c->name));
	for (uint64_t at = 0; r == 0 && at < size; at += window)
		r = convert_transfer_window(c, at, size - at < window ? size : at + window, err);
	if (r < 0)
		return r;
	c->result->bytes_holes = size - c->total;
	c->result->verified = !(c->options->flags & COW_CONVERT_NO_VERIFY);
	return 0;
}

/* Where the sample ends: at so many bytes of data, or where a window does. */
static uint64_t end_of_sample(const struct convert *c)
{
	uint64_t size = (uint64_t)c->before.st_size, last = size < WINDOW ? size : WINDOW, data = 0;
	struct image_range range = {0, 0};

	while (image_next_range(c->original, range.end, last, &range) > 0) {
		data += range.end - range.start;
		if (data >= SAMPLE)
			return range.end - (data - SAMPLE);
	}
	return last;
}

/* What the sample takes may be free again only a while after; it must not be missed by then. */
uint64_t convert_measure(struct convert *c)
{
	double start = convert_now();

	if (c->low_space || convert_check_room(c, c->result->bytes_needed + SAMPLE, "", NULL) < 0)
		return 0;
	convert_transfer_begin(c);
	if (ftruncate(c->copy, c->before.st_size) < 0 ||
	    convert_transfer_window(c, 0, end_of_sample(c), NULL) < 0)
		return 0;
	return (uint64_t)((double)c->engine.done / (convert_now() - start));
}
