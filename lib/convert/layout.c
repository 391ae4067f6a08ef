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

static int allocate_span(const struct convert *c, const struct image_range *span,
			 struct cow_error *err)
{
	if (fallocate(c->copy, FALLOC_FL_KEEP_SIZE, (off_t)span->start,
		      (off_t)(span->end - span->start)) == 0 ||
	    (errno == EOPNOTSUPP && !(c->options->flags & COW_CONVERT_PREALLOCATE)))
		return 0;
	return base_fail(err, errno, "allocate space for the copy of %s", BASE_QUOTE(c->name));
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

/* In the windows in which it is copied, for the memory's sake. */
int convert_layout_sum(const struct convert *c, uint64_t *ret, struct cow_error *err)
{
	uint64_t size = (uint64_t)c->before.st_size, end;
	int r = 0;

	*ret = is_all_data(c) ? c->total : 0;
	for (uint64_t at = 0; r == 0 && !is_all_data(c) && at < size; at = end) {
		struct convert_spans spans = {0};

		end = size - at < CONVERT_WINDOW ? size : at + CONVERT_WINDOW;
		r = find_spans(c, at, end, &spans);
		if (r == 0 && !spans.n)
			r = add_data(c, at, end, &spans);
		*ret += convert_spans_bytes(&spans);
		free(spans.list);
	}
	return r < 0 ? base_fail(err, -r, "map %s", BASE_QUOTE(c->name)) : 0;
}
