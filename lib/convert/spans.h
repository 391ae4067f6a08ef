/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CONVERT_SPANS_H
#define CONVERT_SPANS_H

#include <stdbool.h>
#include <stddef.h>

#include "image/ranges.h"

/* Parts of a file, from several sources that may name the same ones. */
struct convert_spans {
	struct image_range *list; /* to be freed */
	size_t n, room;
	bool failed; /* memory ran out: the list is not complete */
};

void convert_spans_add(struct convert_spans *spans, uint64_t start, uint64_t end);
/* Put them in order, each byte in one of them, and none beyond the limit. */
void convert_spans_settle(struct convert_spans *spans, uint64_t limit);
uint64_t convert_spans_bytes(const struct convert_spans *spans);

#endif
