/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which parts are to be renewed, when several sources name them. */
#include "convert/spans.h"
#include "unit.h"

static struct convert_spans spans;

static void add(uint64_t start, uint64_t end)
{
	convert_spans_add(&spans, start, end);
}

static void expect(const struct image_range *wanted, size_t n)
{
	uint64_t bytes = 0;

	CHECK(!spans.failed);
	CHECK_NUMBER(spans.n, n);
	for (size_t i = 0; i < n && i < spans.n; i++) {
		CHECK_NUMBER(spans.list[i].start, wanted[i].start);
		CHECK_NUMBER(spans.list[i].end, wanted[i].end);
		bytes += wanted[i].end - wanted[i].start;
	}
	CHECK_NUMBER(convert_spans_bytes(&spans), bytes);
	free(spans.list);
	spans = (struct convert_spans){0};
}

static void nothing_is_nothing(void)
{
	convert_spans_settle(&spans, 100);
	expect(NULL, 0);
}

static void what_touches_or_overlaps_becomes_one(void)
{
	add(50, 60);
	add(10, 20);
	add(20, 30);
	add(12, 14);
	add(55, 70);
	add(10, 20);
	convert_spans_settle(&spans, 100);
	expect((const struct image_range[]){{10, 30}, {50, 70}}, 2);
}

static void the_end_of_the_file_is_the_end(void)
{
	add(90, 120);
	add(100, 110);
	add(200, 300);
	convert_spans_settle(&spans, 100);
	expect((const struct image_range[]){{90, 100}}, 1);
}

static void many_are_kept(void)
{
	for (uint64_t i = 1000; i > 0; i--)
		add(i * 10, i * 10 + 5);
	convert_spans_settle(&spans, UINT64_MAX);
	CHECK_NUMBER(spans.n, 1000);
	CHECK_NUMBER(spans.list[0].start, 10);
	CHECK_NUMBER(spans.list[999].end, 10005);
	CHECK_NUMBER(convert_spans_bytes(&spans), 5000);
	free(spans.list);
}

int main(void)
{
	nothing_is_nothing();
	what_touches_or_overlaps_becomes_one();
	the_end_of_the_file_is_the_end();
	many_are_kept();
	return unit_status();
}
