/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes: into the copy and onto the disk. */
#include <fcntl.h>
#include <linux/falloc.h>

#include "base/error.h"
#include "base/text.h"
#include "convert/convert.h"
#include "image/cache.h"

/* What is converted to find out how long all would take. */
#define SAMPLE ((uint64_t)64 << 20)

static int step(void *data, uint64_t done, struct cow_error *err)
{
	struct convert *c = data;
	int r;

	c->result->bytes_copied = done;
	r = convert_step(c, COW_CONVERT_PHASE_COPY, done, err);
	/* No lease tells of another name, owner or attribute, with which this would be for nothing.
	 */
	if (r == 0 && !c->away[0] && !convert_is_unchanged(c))
		r = convert_fail_changed(c, err);
	return r;
}

static int copy_window(struct convert *c, uint64_t start, uint64_t end, struct cow_error *err)
{
	int r;

	c->engine.start = start;
	c->engine.end = end;
	r = image_copy_run(&c->engine, err);
	if (r < 0)
		return r;
	if (fdatasync(c->copy) < 0)
		return base_fail(err, errno, "write the copy of %s to disk", BASE_QUOTE(c->name));
	return 0;
}

/* A window from before it is copied until it is known to be right. */
struct window {
	uint64_t start, end;
	struct image_cache cache;
	struct image_sums sums;
	struct image_known known; /* of the original, from the last window that was compared here */
	struct convert_compare compare;
	bool compares;
};

static void note(struct window *window, struct convert *c, uint64_t start, uint64_t end)
{
	window->start = start;
	window->end = end;
	image_sums_clear(&window->sums);
	image_cache_note(&window->cache, c->original, &c->engine.known, start, end);
	c->engine.cached = image_cache_is_warm(&window->cache);
	c->engine.sums = c->options->flags & COW_CONVERT_NO_VERIFY ? NULL : &window->sums;
}

static void compare(struct window *window, struct convert *c)
{
	convert_compare_begin(&window->compare, c, &window->sums, &window->known, window->start,
			      window->end);
	window->compares = true;
}

/* What was copied before the interruption is compared in any case, not believed. Not at the rate,
 * or runs that are too short for all of that would get no further. */
static int find_difference(struct window *window, struct convert *c, uint64_t *ret,
			   struct cow_error *err)
{
	uint64_t rate = c->engine.pace.rate;
	bool same = false;
	int r;

	c->engine.pace.rate = 0;
	compare(window, c);
	window->compares = false;
	r = convert_compare_end(&window->compare, &same, err);
	c->engine.pace.rate = rate;
	*ret = same ? window->end : window->compare.at;
	return r;
}

/* From there on all data goes, for holes are not copied. What is preallocated stays: Btrfs frees an
 * extent as a whole, so that each interruption would cost a piece of one. */
static int clear(const struct convert *c, uint64_t start, uint64_t end, struct cow_error *err)
{
	struct image_range range = {start, start};
	int r;

	while ((r = image_next_range(c->copy, range.end, end, &range)) > 0)
		if (fallocate(c->copy, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			      (off_t)range.start, (off_t)(range.end - range.start)) < 0 &&
		    errno != EOPNOTSUPP)
			return base_fail(err, errno, "clear the copy of %s", BASE_QUOTE(c->name));
	return r < 0 ? base_fail(err, -r, "find the data of the copy of %s", BASE_QUOTE(c->name))
		     : 0;
}

static int begin(struct window *window, struct convert *c, struct cow_error *err)
{
	uint64_t from = window->start;
	int r = convert_step(c, COW_CONVERT_PHASE_COPY, c->engine.done, err);

	if (r == 0 && c->resumed && (r = find_difference(window, c, &from, err)) == 0)
		r = clear(c, from, window->end, err);
	if (r == 0)
		r = convert_layout_allocate(c, window->start, window->end, err);
	if (r < 0 || from == window->end)
		return r;
	window->start = from;
	r = copy_window(c, from, window->end, err);
	if (r == 0 && c->engine.sums)
		compare(window, c);
	return r;
}

/* Leave it, and the page cache as it was found. */
static void leave(struct window *window, struct convert *c)
{
	if (window->compares)
		convert_compare_stop(&window->compare);
	if (window->end)
		image_cache_restore(&window->cache, c->original, c->copy);
	window->compares = false;
	window->end = 0;
}

/* It is as it should be. */
static int settle(struct window *window, struct convert *c, struct cow_error *err)
{
	bool same = true;
	int r = window->compares ? convert_compare_end(&window->compare, &same, err) : 0;

	window->compares = false;
	leave(window, c);
	return r == 0 && !same ? convert_compare_fail(&window->compare, err) : r;
}

static void drop(struct window *window, struct convert *c)
{
	leave(window, c);
	image_sums_free(&window->sums);
}

int convert_transfer_window(struct convert *c, uint64_t start, uint64_t end, struct cow_error *err)
{
	struct window window = {.sums = {.lock = PTHREAD_MUTEX_INITIALIZER}};
	int r;

	/* Of what is moved the last part is a hole by now. */
	c->engine.known = (struct image_known){0};

	note(&window, c, start, end);
	r = begin(&window, c, err);
	if (r == 0)
		r = settle(&window, c, err);
	drop(&window, c);
	image_copy_end(&c->engine);
	return r;
}

void convert_transfer_begin(struct convert *c)
{
	c->compared = 0;
	c->engine = (struct image_copy){
		.from = c->original,
		.to = c->copy,
		.name = c->name,
		.allocate = c->options->to == COW_POLICY_OFF,
		.pace = {.rate = c->options->bandwidth},
		.step = step,
		.data = c,
	};
}

/* One window is compared while the next one is copied; what is a hole in both files takes no time.
 */
static int transfer(struct convert *c, struct window windows[2], struct cow_error *err)
{
	struct window *window = NULL, *last = NULL;
	struct image_range part = {0, 0};
	int r;

	while ((r = convert_layout_next(c, part.end, &part, err)) > 0) {
		window = &windows[last == &windows[0]];
		note(window, c, part.start, part.end);
		r = begin(window, c, err);
		if (r == 0 && last)
			r = settle(last, c, err);
		if (r < 0)
			return r;
		last = window;
	}
	return r == 0 && last ? settle(last, c, err) : r;
}

static int set_size(const struct convert *c, struct cow_error *err)
{
	if (ftruncate(c->copy, c->before.st_size) < 0)
		return base_fail(err, errno, "set the size of the copy of %s", BASE_QUOTE(c->name));
	return 0;
}

int convert_transfer(struct convert *c, struct cow_error *err)
{
	struct window windows[2] = {{.sums = {.lock = PTHREAD_MUTEX_INITIALIZER}},
				    {.sums = {.lock = PTHREAD_MUTEX_INITIALIZER}}};
	int r;

	convert_transfer_begin(c);
	r = set_size(c, err);
	if (r < 0)
		return r;
	/* Only what is on disk leaves the page cache, to be read from there. */
	if (c->resumed && fdatasync(c->copy) < 0)
		return base_fail(err, errno, "write the copy of %s to disk", BASE_QUOTE(c->name));
	r = c->before.st_size ? transfer(c, windows, err) : convert_layout_allocate(c, 0, 0, err);
	drop(&windows[0], c);
	drop(&windows[1], c);
	image_copy_end(&c->engine);
	if (r < 0)
		return r;
	c->result->bytes_holes = (uint64_t)c->before.st_size - c->total;
	c->result->verified = !(c->options->flags & COW_CONVERT_NO_VERIFY);
	return 0;
}

/* Where the sample ends: at so many bytes of data, a second's worth where there is a rate, or where
 * a window does. */
static uint64_t end_of_sample(const struct convert *c)
{
	uint64_t rate = c->options->bandwidth, sample = rate && rate < SAMPLE ? rate : SAMPLE;
	uint64_t size = (uint64_t)c->before.st_size, data = 0;
	uint64_t last = size < IMAGE_CACHE_SPAN ? size : IMAGE_CACHE_SPAN;
	struct image_range range = {0, 0};

	while (image_next_range(c->original, range.end, last, &range) > 0) {
		data += range.end - range.start;
		if (data >= sample)
			return range.end - (data - sample);
	}
	return last;
}

/* Of a sample the last piece is not waited for. What is verified counts twice. */
static uint64_t at_most(const struct convert *c, uint64_t rate)
{
	uint64_t limit = c->options->bandwidth;

	if (!(c->options->flags & COW_CONVERT_NO_VERIFY))
		limit /= 2;
	return limit && rate > limit ? limit : rate;
}

/* What the sample takes may be free again only a while after; it must not be missed by then. */
int convert_measure(struct convert *c, uint64_t *ret, struct cow_error *err)
{
	double start = convert_now();
	int r;

	if (c->low_space || !c->total ||
	    convert_check_room(c, c->result->bytes_needed + SAMPLE, "", NULL) < 0)
		return 0;
	convert_transfer_begin(c);
	r = set_size(c, err);
	if (r == 0)
		r = convert_transfer_window(c, 0, end_of_sample(c), err);
	if (r == 0)
		*ret = at_most(c, (uint64_t)((double)c->engine.done / (convert_now() - start)));
	return r;
}
