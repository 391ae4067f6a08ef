/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the copy is to have allocated: where the image has data, and where it is preallocated. */
#include <fcntl.h>
#include <linux/falloc.h>

#include "base/error.h"
#include "base/text.h"
#include "convert/convert.h"
#include "convert/spans.h"
#include "image/extents.h"

static int add_unwritten(const struct fiemap_extent *extent, void *data)
{
	if (extent->fe_flags & FIEMAP_EXTENT_UNWRITTEN)
		convert_spans_add(data, extent->fe_logical, extent->fe_logical + extent->fe_length);
	return 0;
}

static int add_data(const struct convert *c, uint64_t start, uint64_t end,
		    struct convert_spans *spans)
{
	struct image_range range = {start, start};
	int r;

	while ((r = image_next_range(c->original, range.end, end, &range)) > 0)
		convert_spans_add(spans, range.start, range.end);
	return r;
}

/* One list of both, or data would be put between the preallocated pieces: a file of many holes in
 * thousands of pieces. Space that was preallocated beyond the end belongs to the last part. */
static int find_spans(const struct convert *c, uint64_t start, uint64_t end,
		      struct convert_spans *spans)
{
	uint64_t limit = end == (uint64_t)c->before.st_size ? UINT64_MAX : end;
	int r = image_extents_each(c->original, start, limit, add_unwritten, spans);

	if (r == -EOPNOTSUPP)
		r = 0;
	if (r == 0 && c->options->flags & COW_CONVERT_PREALLOCATE)
		convert_spans_add(spans, start, end);
	else if (r == 0 && spans->n)
		r = add_data(c, start, end, spans);
	if (r < 0 || spans->failed)
		return r < 0 ? r : -ENOMEM;
	convert_spans_settle(spans, limit);
	if (spans->n && spans->list[0].start < start)
		spans->list[0].start = start; /* extents are listed whole */
	return 0;
}

static bool is_all_data(const struct convert *c)
{
	return !c->extents.unwritten_bytes && !c->away[0] &&
	       !(c->options->flags & COW_CONVERT_PREALLOCATE);
}

/* Where either file has data, or the image preallocated space, at or after `from`. */
static int find_next(struct convert *c, uint64_t from, uint64_t *ret)
{
	uint64_t size = (uint64_t)c->before.st_size;
	struct image_range original = {size, size}, copy = original;
	struct convert_spans spans = {0};
	int r = image_next_known_range(c->original, &c->engine.known, from, size, &original);

	if (r >= 0)
		r = image_next_range(c->copy, from, size, &copy);
	if (r < 0)
		return r;
	*ret = original.start < copy.start ? original.start : copy.start;
	if (is_all_data(c) || *ret == from)
		return 0;
	r = find_spans(c, from, *ret, &spans);
	if (r == 0 && spans.n) /* what is beyond the end belongs to the last byte */
		*ret = spans.list[0].start < size ? spans.list[0].start : size - 1;
	free(spans.list);
	return r;
}

int convert_layout_next(struct convert *c, uint64_t from, struct image_range *ret,
			struct cow_error *err)
{
	uint64_t size = (uint64_t)c->before.st_size, at = from;
	int r = from < size ? find_next(c, from, &at) : 0;

	if (r < 0)
		return base_fail(err, -r, "find the data of %s", BASE_QUOTE(c->name));
	if (at >= size)
		return 0;
	ret->start = at / CONVERT_WINDOW * CONVERT_WINDOW;
	ret->end = size - ret->start < CONVERT_WINDOW ? size : ret->start + CONVERT_WINDOW;
	return 1;
}

/* Btrfs may say that there is no room while what was deleted a moment ago waits for its commit. */
int convert_allocate(int fd, const struct image_range *part)
{
	for (int i = 0; i < 2; i++) {
		if (i)
			syncfs(fd);
		if (fallocate(fd, FALLOC_FL_KEEP_SIZE, (off_t)part->start,
			      (off_t)(part->end - part->start)) == 0)
			return 0;
		if (errno != ENOSPC)
			break;
	}
	return -errno;
}

static int allocate_span(const struct convert *c, const struct image_range *span,
			 struct cow_error *err)
{
	int r = convert_allocate(c->copy, span);

	if (r == 0 || (r == -EOPNOTSUPP && !(c->options->flags & COW_CONVERT_PREALLOCATE)))
		return 0;
	return base_fail(err, -r, "allocate space for the copy of %s", BASE_QUOTE(c->name));
}

int convert_layout_allocate(const struct convert *c, uint64_t start, uint64_t end,
			    struct cow_error *err)
{
	struct convert_spans spans = {0};
	int r;

	if (is_all_data(c)) /* which is allocated as it is copied */
		return 0;
	r = find_spans(c, start, end, &spans);
	if (r < 0)
		base_fail(err, -r, "map %s", BASE_QUOTE(c->name));
	for (size_t i = 0; r == 0 && i < spans.n; i++)
		r = allocate_span(c, &spans.list[i], err);
	free(spans.list);
	return r;
}

static int sum_window(const struct convert *c, const struct image_range *window, uint64_t *ret)
{
	struct convert_spans spans = {0};
	int r = find_spans(c, window->start, window->end, &spans);

	if (r == 0 && !spans.n)
		r = add_data(c, window->start, window->end, &spans);
	*ret += convert_spans_bytes(&spans);
	free(spans.list);
	return r;
}

int convert_layout_sum_tail(const struct convert *c, uint64_t *ret)
{
	const struct image_range tail = {(uint64_t)c->before.st_size, (uint64_t)c->before.st_size};

	*ret = 0;
	return sum_window(c, &tail, ret);
}

/* In the windows in which it is copied, for the memory's sake. */
int convert_layout_sum(struct convert *c, uint64_t *ret, struct cow_error *err)
{
	struct image_range window = {0, 0};
	int r = 0;

	*ret = is_all_data(c) ? c->total : 0;
	if (!c->before.st_size) /* what is preallocated all the same is in no window */
		return sum_window(c, &window, ret);
	while (!is_all_data(c) && (r = convert_layout_next(c, window.end, &window, err)) > 0) {
		r = sum_window(c, &window, ret);
		if (r < 0)
			return base_fail(err, -r, "map %s", BASE_QUOTE(c->name));
	}
	return r;
}
