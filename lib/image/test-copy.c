/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The engines, by the exact list of what they do to the files, and ranges. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "image/copy.h"
#include "unit.h"

#define MIB ((uint64_t)1 << 20)

/* A pair of files that exists only as a list of what was done to it. */
struct record {
	struct image_range ranges[4]; /* the data; ends with an empty one */
	char read[1024], written[1024];
	uint64_t fails_at; /* this offset can't be written, or read */
	bool fails_reading;
};

static void add(char *list, const char *what, uint64_t start, uint64_t end)
{
	size_t used = strlen(list);

	snprintf(list + used, 1024 - used, "%s%s %g-%g", used ? ", " : "", what,
		 (double)start / (double)MIB, (double)end / (double)MIB);
}

static int record_next_range(const struct image_copy *copy, uint64_t from, struct image_range *ret)
{
	const struct record *record = copy->operations_data;

	for (const struct image_range *range = record->ranges; range->end; range++) {
		if (range->end <= from)
			continue;
		*ret = *range;
		if (ret->start < from)
			ret->start = from;
		if (ret->end > copy->end)
			ret->end = copy->end;
		return ret->start < ret->end;
	}
	return 0;
}

static int record_allocate(const struct image_copy *copy, uint64_t start, uint64_t end)
{
	struct record *record = copy->operations_data;

	add(record->written, "allocate", start, end);
	return 0;
}

static void record_announce(const struct image_copy *copy, uint64_t at, size_t size)
{
	(void)copy;
	(void)at;
	(void)size;
}

static int record_read(const struct image_copy *copy, void *buffer, size_t size, uint64_t at)
{
	struct record *record = copy->operations_data;

	memcpy(buffer, &at, sizeof(at));
	add(record->read, "read", at, at + size);
	return record->fails_reading && at == record->fails_at ? -EIO : 0;
}

static int record_write(const struct image_copy *copy, const void *buffer, size_t size, uint64_t at)
{
	struct record *record = copy->operations_data;
	bool right = !memcmp(buffer, &at, sizeof(at));

	add(record->written, right ? "write" : "write wrong data", at, at + size);
	return !record->fails_reading && at && at == record->fails_at ? -ENOSPC : 0;
}

static int record_flush(const struct image_copy *copy, uint64_t start, uint64_t end)
{
	struct record *record = copy->operations_data;

	add(record->written, "flush", start, end);
	return 0;
}

static const struct image_copy_operations recording = {
	record_next_range, record_allocate, record_announce,
	record_read,       record_write,    record_flush,
};

static image_copy_engine *const engines[] = {image_copy_in_turn, image_copy_overlapped};
#define EACH_ENGINE(i) for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++)

static struct image_copy copy_of(struct record *record)
{
	return (struct image_copy){.name = "disk",
				   .end = 1024 * MIB,
				   .allocate = true,
				   .operations = &recording,
				   .operations_data = record};
}

static void data_is_copied_in_pieces_and_holes_are_not(void)
{
	EACH_ENGINE(i)
	{
		struct record record = {.ranges = {{0, 9 * MIB}, {100 * MIB, 101 * MIB}}};
		struct image_copy copy = copy_of(&record);

		CHECK_NUMBER(engines[i](&copy, NULL), 0);
		CHECK_TEXT(record.read, "read 0-4, read 4-8, read 8-9, read 100-101");
		if (engines[i] == image_copy_in_turn)
			CHECK_TEXT(record.written, "allocate 0-9, write 0-4, write 4-8, write 8-9, "
						   "allocate 100-101, write 100-101");
		CHECK_NUMBER(copy.done, 10 * MIB);
	}
}

static void reading_runs_one_piece_ahead(void)
{
	struct record record = {.ranges = {{0, 9 * MIB}, {100 * MIB, 101 * MIB}}};
	struct image_copy copy = copy_of(&record);

	CHECK_NUMBER(image_copy_overlapped(&copy, NULL), 0);
	CHECK_TEXT(record.written, "allocate 0-9, write 0-4, write 4-8, allocate 100-101, "
				   "write 8-9, write 100-101");
}

static void a_part_is_copied_and_no_more(void)
{
	EACH_ENGINE(i)
	{
		struct record record = {.ranges = {{0, 9 * MIB}, {100 * MIB, 101 * MIB}}};
		struct image_copy copy = copy_of(&record);

		copy.start = 5 * MIB;
		copy.end = 7 * MIB;
		CHECK_NUMBER(engines[i](&copy, NULL), 0);
		CHECK_TEXT(record.written, "allocate 5-7, write 5-7");
		copy.start = 20 * MIB;
		copy.end = 30 * MIB;
		CHECK_NUMBER(engines[i](&copy, NULL), 0);
		CHECK_TEXT(record.written, "allocate 5-7, write 5-7");
		CHECK_NUMBER(copy.done, 2 * MIB);
	}
}

static void long_stretches_are_flushed_as_they_grow(void)
{
	EACH_ENGINE(i)
	{
		struct record record = {.ranges = {{0, 65 * MIB}, {70 * MIB, 80 * MIB}}};
		struct image_copy copy = copy_of(&record);

		CHECK_NUMBER(engines[i](&copy, NULL), 0);
		CHECK(strstr(record.written, "write 60-64, flush 0-64") != NULL);
		CHECK(strstr(strstr(record.written, "flush") + 1, "flush") == NULL);
	}
}

static void nothing_is_written_after_a_failure(void)
{
	EACH_ENGINE(i)
	{
		struct record full = {.ranges = {{0, 20 * MIB}}, .fails_at = 4 * MIB};
		struct record damaged = full;
		struct image_copy copy = copy_of(&full);
		struct cow_error err = {0};

		CHECK_NUMBER(engines[i](&copy, &err), -ENOSPC);
		CHECK_TEXT(full.written, "allocate 0-20, write 0-4, write 4-8");
		CHECK_TEXT(err.message, "write the copy of 'disk'");

		damaged.fails_reading = true;
		copy = copy_of(&damaged);
		CHECK_NUMBER(engines[i](&copy, &err), -EIO);
		CHECK_TEXT(damaged.written, "allocate 0-20, write 0-4");
		CHECK_NUMBER(err.code, COW_CODE_CORRUPT);
	}
}

static int stop(void *data, uint64_t done, struct cow_error *err)
{
	(void)err;
	*(uint64_t *)data = done;
	return done >= 8 * MIB ? -ECANCELED : 0;
}

static void the_caller_can_stop_it_after_each_piece(void)
{
	EACH_ENGINE(i)
	{
		struct record record = {.ranges = {{0, 20 * MIB}}};
		struct image_copy copy = copy_of(&record);
		uint64_t done = 0;

		copy.step = stop;
		copy.data = &done;
		CHECK_NUMBER(engines[i](&copy, NULL), -ECANCELED);
		CHECK_NUMBER(done, 8 * MIB);
		CHECK_TEXT(record.written, "allocate 0-20, write 0-4, write 4-8");
	}
}

/* Data at 0, at 132 KiB after a small hole, and at 1 MiB after a large one. */
static void holes_are_kept_from_64_kib_on(void)
{
	int fd = open(".", O_TMPFILE | O_RDWR, 0600);
	const uint64_t size = 4u << 20;
	struct image_range range;

	if (fd < 0)
		UNIT_SKIP("no unnamed files in the build directory");
	CHECK_NUMBER(ftruncate(fd, (off_t)size), 0);
	CHECK_NUMBER(pwrite(fd, "x", 1, 0), 1);
	CHECK_NUMBER(pwrite(fd, "x", 1, 64 << 10), 1);
	CHECK_NUMBER(pwrite(fd, "x", 1, 1 << 20), 1);
	CHECK_NUMBER(fsync(fd), 0);

	CHECK_NUMBER(image_next_range(fd, 0, size, &range), 1);
	CHECK_NUMBER(range.start, 0);
	CHECK_NUMBER(range.end, (64 << 10) + 4096);
	CHECK_NUMBER(image_next_range(fd, range.end, size, &range), 1);
	CHECK_NUMBER(range.start, 1 << 20);
	CHECK_NUMBER(image_next_range(fd, range.end, size, &range), 0);
	CHECK_NUMBER(image_next_range(fd, size, size, &range), 0);
	close(fd);
}

int main(void)
{
	data_is_copied_in_pieces_and_holes_are_not();
	reading_runs_one_piece_ahead();
	a_part_is_copied_and_no_more();
	long_stretches_are_flushed_as_they_grow();
	nothing_is_written_after_a_failure();
	the_caller_can_stop_it_after_each_piece();
	holes_are_kept_from_64_kib_on();
	return unit_status();
}
