/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

#include "convert/spans.h"

void convert_spans_add(struct convert_spans *spans, uint64_t start, uint64_t end)
{
	if (spans->n == spans->room) {
		size_t room = spans->room ? 2 * spans->room : 64;
		struct image_range *list = realloc(spans->list, room * sizeof(*list));

		if (!list) {
			spans->failed = true;
			return;
		}
		spans->list = list;
		spans->room = room;
	}
	spans->list[spans->n++] = (struct image_range){start, end};
}

static int compare(const void *a, const void *b)
{
	const struct image_range *one = a, *other = b;

	return (one->start > other->start) - (one->start < other->start);
}

void convert_spans_settle(struct convert_spans *spans, uint64_t limit)
{
	size_t n = 0;

	if (spans->n)
		qsort(spans->list, spans->n, sizeof(*spans->list), compare);
	for (size_t i = 0; i < spans->n; i++) {
		struct image_range span = spans->list[i];
		struct image_range *last = n ? &spans->list[n - 1] : NULL;

		if (span.end > limit)
			span.end = limit;
		if (last && span.start <= last->end)
			last->end = span.end > last->end ? span.end : last->end;
		else if (span.start < span.end)
			spans->list[n++] = span;
	}
	spans->n = n;
}

uint64_t convert_spans_bytes(const struct convert_spans *spans)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < spans->n; i++)
		bytes += spans->list[i].end - spans->list[i].start;
	return bytes;
}
