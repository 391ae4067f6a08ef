/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was read, in any order, is found again by its place, and tells any other bytes from it. */
#include "image/sums.h"
#include "unit.h"

static struct image_sums noted(void)
{
	struct image_sums sums = {.lock = PTHREAD_MUTEX_INITIALIZER};

	image_sums_add(&sums, 8192, "third", 5);
	image_sums_add(&sums, 0, "first", 5);
	image_sums_add(&sums, 4096, "second", 6);
	image_sums_sort(&sums);
	return sums;
}

static void finds_pieces_in_any_order(void)
{
	struct image_sums sums = noted();
	const struct image_sum *sum = image_sums_find(&sums, 4096);

	CHECK(sum != NULL);
	if (sum) {
		CHECK(sum->at == 4096 && sum->size == 6);
		CHECK(image_sum_is(sum, "second"));
		CHECK(!image_sum_is(sum, "secind"));
	}
	CHECK(image_sum_is(image_sums_find(&sums, 0), "first"));
	CHECK(!image_sums_find(&sums, 1));
	CHECK(!image_sums_find(&sums, 8193));
	image_sums_free(&sums);
}

/* Pieces are compared whole or not by their sum at all, so none reaches into one that was noted. */
static void cuts_where_pieces_begin(void)
{
	struct image_sums sums = noted();

	CHECK(image_sums_cut(&sums, 0, 100) == 5);       /* one that was noted */
	CHECK(image_sums_cut(&sums, 0, 3) == 3);         /* and its beginning */
	CHECK(image_sums_cut(&sums, 5, 100000) == 4091); /* what was not, up to the next one */
	CHECK(image_sums_cut(&sums, 9000, 100) == 100);  /* after the last */
	image_sums_free(&sums);
}

static void starts_again(void)
{
	struct image_sums sums = noted();

	image_sums_clear(&sums);
	image_sums_sort(&sums);
	CHECK(!image_sums_find(&sums, 0));
	CHECK(image_sums_cut(&sums, 0, 100) == 100);
	image_sums_add(&sums, 0, "again", 5);
	CHECK(image_sum_is(image_sums_find(&sums, 0), "again"));
	image_sums_free(&sums);
}

static void keeps_more_than_it_had_room_for(void)
{
	struct image_sums sums = {.lock = PTHREAD_MUTEX_INITIALIZER};

	for (uint64_t i = 5000; i-- > 0;)
		image_sums_add(&sums, i * 4096, &i, sizeof(i));
	image_sums_sort(&sums);
	for (uint64_t i = 0; i < 5000; i++)
		CHECK(image_sum_is(image_sums_find(&sums, i * 4096), &i));
	image_sums_free(&sums);
}

int main(void)
{
	finds_pieces_in_any_order();
	cuts_where_pieces_begin();
	starts_again();
	keeps_more_than_it_had_room_for();
	return unit_status();
}
