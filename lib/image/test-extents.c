/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counting, fed with answers a kernel could give. Real files are in tests/fs/extents.sh. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/macro.h"
#include "image/extents.h"

#include "unit.h"

static struct image_extents_count count;

/* One answer made of { logical, physical, length, flags } rows. */
static int add(const uint64_t (*rows)[4], uint32_t n, uint32_t claimed)
{
	static struct {
		struct fiemap map;
		struct fiemap_extent extents[8];
	} answer;

	memset(&answer, 0, sizeof(answer));
	answer.map.fm_mapped_extents = claimed;
	for (uint32_t i = 0; i < n; i++)
		answer.extents[i] = (struct fiemap_extent){.fe_logical = rows[i][0],
							   .fe_physical = rows[i][1],
							   .fe_length = rows[i][2],
							   .fe_flags = (uint32_t)rows[i][3]};
	return image_extents_add(&count, &answer.map, 8);
}

#define ANSWER(...)                                                                                \
	add((const uint64_t[][4]){__VA_ARGS__},                                                    \
	    BASE_ARRAY_SIZE(((const uint64_t[][4]){__VA_ARGS__})),                                 \
	    BASE_ARRAY_SIZE(((const uint64_t[][4]){__VA_ARGS__})))

static void start(void)
{
	memset(&count, 0, sizeof(count));
}

static void rows_that_touch_on_disk_are_one_run(void)
{
	start();
	CHECK_NUMBER(ANSWER({0, 1000, 10, 0}, {10, 1010, 10, 0}, {20, 500, 10, 0}), 1);
	CHECK_NUMBER(count.extents.rows, 3);
	CHECK_NUMBER(count.extents.runs, 2);
	CHECK_NUMBER(count.extents.bytes, 30);
}

static void a_hole_breaks_no_run_whether_the_disk_has_it_or_not(void)
{
	start();
	ANSWER({0, 1000, 10, 0}, {50, 1010, 10, 0}, {100, 1060, 10, 0});
	CHECK_NUMBER(count.extents.runs, 1);
}

static void a_run_goes_on_over_the_edge_of_a_batch(void)
{
	start();
	CHECK_NUMBER(ANSWER({0, 1000, 10, 0}), 1);
	CHECK_NUMBER(count.next, 10);
	CHECK_NUMBER(ANSWER({10, 1010, 10, FIEMAP_EXTENT_LAST}), 0);
	CHECK_NUMBER(count.extents.runs, 1);
	CHECK_NUMBER(count.extents.rows, 2);
}

static void kinds_of_bytes_are_told_apart(void)
{
	start();
	ANSWER({0, 1000, 1, FIEMAP_EXTENT_SHARED}, {1, 2000, 2, FIEMAP_EXTENT_UNWRITTEN},
	       {3, 3000, 4, FIEMAP_EXTENT_ENCODED | FIEMAP_EXTENT_SHARED},
	       {7, 0, 8, FIEMAP_EXTENT_DATA_INLINE | FIEMAP_EXTENT_NOT_ALIGNED});
	CHECK_NUMBER(count.extents.shared_bytes, 5);
	CHECK_NUMBER(count.extents.unwritten_bytes, 2);
	CHECK_NUMBER(count.extents.encoded_bytes, 4);
	CHECK_NUMBER(count.extents.inline_bytes, 8);
}

static void nothing_mapped_ends_it_without_the_last_flag(void)
{
	start();
	CHECK_NUMBER(ANSWER({0, 1000, 10, 0}), 1);
	CHECK_NUMBER(add(NULL, 0, 0), 0);
}

static void answers_that_go_backwards_end_in_an_error_not_in_a_loop(void)
{
	start();
	ANSWER({0, 1000, 10, 0});
	CHECK_NUMBER(ANSWER({0, 1000, 10, 0}), -EIO);
	start();
	CHECK_NUMBER(ANSWER({5, 1000, 0, 0}, {5, 1000, 0, 0}), -EIO);
	start();
	CHECK_NUMBER(ANSWER({UINT64_MAX, 1000, 10, 0}), -EIO);
}

static void more_extents_than_there_was_room_for_are_not_believed(void)
{
	const uint64_t rows[8][4] = {{0, 0, 1, 0},  {1, 9, 1, 0},  {2, 19, 1, 0}, {3, 29, 1, 0},
				     {4, 39, 1, 0}, {5, 49, 1, 0}, {6, 59, 1, 0}, {7, 69, 1, 0}};

	start();
	CHECK_NUMBER(add(rows, 8, UINT32_MAX), 1);
	CHECK_NUMBER(count.extents.rows, 8);
}

static void a_filesystem_without_extents_is_unsupported(void)
{
	int fd = open("/proc/self/status", O_RDONLY);
	struct cow_error err = {0};
	struct cow_extents extents;
	uint64_t old = 7;

	CHECK_NUMBER(cow_extents_read(fd, 0, &extents, &err), -EOPNOTSUPP);
	CHECK_NUMBER(err.code, COW_CODE_UNSUPPORTED);
	CHECK_NUMBER(cow_extents_read_history(fd, &old, &err), -ENOTTY);
	CHECK_NUMBER(old, 7);
	close(fd);
}

int main(void)
{
	rows_that_touch_on_disk_are_one_run();
	a_hole_breaks_no_run_whether_the_disk_has_it_or_not();
	a_run_goes_on_over_the_edge_of_a_batch();
	kinds_of_bytes_are_told_apart();
	nothing_mapped_ends_it_without_the_last_flag();
	answers_that_go_backwards_end_in_an_error_not_in_a_loop();
	more_extents_than_there_was_room_for_are_not_believed();
	a_filesystem_without_extents_is_unsupported();
	return unit_status();
}
