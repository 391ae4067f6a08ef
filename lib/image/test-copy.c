/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copying, by the exact list of what is done to the files, and ranges. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "image/copy.h"
#include "image/flight.h"
#include "unit.h"

#define MIB ((uint64_t)1 << 20)

/* A pair of files that exists only as a list of what was done to it. */
struct record {
	struct image_range ranges[4]; /* the data; ends with an empty one */
	char read[2048], written[2048];
	uint64_t fails_at; /* this offset can't be written, or read */
	bool fails_reading;
	pthread_mutex_t lock; /* of the lists */
	atomic_uint at_once, most, reads;
};

static void add(char *list, const char *what, uint64_t start, uint64_t end)
{
	size_t used = strlen(list);

	snprintf(list + used, 2048 - used, "%s%s %g-%g", used ? ", " : "", what,
		 (double)start / (double)MIB, (double)end / (double)MIB);
}

static int record_next_range(struct image_copy *copy, uint64_t from, struct image_range *ret)
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

	pthread_mutex_lock(&record->lock);
	add(record->written, "allocate", start, end);
	pthread_mutex_unlock(&record->lock);
	return 0;
}

static int record_read(const struct image_copy *copy, void *buffer, size_t size, uint64_t at)
{
	struct record *record = copy->operations_data;
	unsigned now = atomic_fetch_add(&record->at_once, 1) + 1;

	if (now > atomic_load(&record->most))
		atomic_store(&record->most, now);
	atomic_fetch_add(&record->reads, 1);
	if (record->fails_reading && at == record->fails_at)
		return -EIO;
	memcpy(buffer, &at, sizeof(at));
	pthread_mutex_lock(&record->lock);
	add(record->read, "read", at, at + size);
	pthread_mutex_unlock(&record->lock);
	usleep(1000);
	return 0;
}

static int record_write(const struct image_copy *copy, const void *buffer, size_t size, uint64_t at)
{
	struct record *record = copy->operations_data;
	bool right = !memcmp(buffer, &at, sizeof(at));

	pthread_mutex_lock(&record->lock);
	add(record->written, right ? "write" : "write wrong data", at, at + size);
	pthread_mutex_unlock(&record->lock);
	usleep(1000);
	atomic_fetch_sub(&record->at_once, 1);
	return !record->fails_reading && at && at == record->fails_at ? -ENOSPC : 0;
}

static int record_flush(const struct image_copy *copy, uint64_t start, uint64_t end)
{
	struct record *record = copy->operations_data;

	pthread_mutex_lock(&record->lock);
	add(record->written, "flush", start, end);
	pthread_mutex_unlock(&record->lock);
	return 0;
}

static const struct image_copy_operations recording = {
	record_next_range, record_allocate, record_read, record_write, record_flush,
};

static struct image_copy copy_of(struct record *record)
{
	pthread_mutex_init(&record->lock, NULL);
	return (struct image_copy){.name = "disk",
				   .end = 1024 * MIB,
				   .allocate = true,
				   .operations = &recording,
				   .operations_data = record};
}

/* One piece at a time: a rate, if one that never holds anything up. */
static struct image_copy copy_in_turn(struct record *record)
{
	struct image_copy copy = copy_of(record);

	copy.pace.rate = (uint64_t)1 << 60;
	return copy;
}

static void data_is_copied_in_pieces_and_holes_are_not(void)
{
	struct record record = {.ranges = {{0, 5 * MIB / 2}, {100 * MIB, 101 * MIB}}};
	struct image_copy copy = copy_in_turn(&record);

	CHECK_NUMBER(image_copy_run(&copy, NULL), 0);
	CHECK_TEXT(record.read, "read 0-1, read 1-2, read 2-2.5, read 100-101");
	CHECK_TEXT(record.written, "allocate 0-2.5, write 0-1, write 1-2, write 2-2.5, "
				   "write 100-101");
	CHECK_NUMBER(copy.done, 7 * MIB / 2);
	CHECK_NUMBER(atomic_load(&record.most), 1);
}

/* Each exactly once, in some order. */
static void several_pieces_are_in_flight_at_once(void)
{
	struct record record = {.ranges = {{0, 30 * MIB}, {100 * MIB, 101 * MIB}}};
	struct image_copy copy = copy_of(&record);
	size_t writes = 0;

	CHECK_NUMBER(image_copy_run(&copy, NULL), 0);
	for (const char *at = record.written; (at = strstr(at, "write ")); at++)
		writes++;
	CHECK_NUMBER(writes, 31);
	CHECK(strstr(record.written, "wrong") == NULL);
	for (unsigned i = 0; i < 30; i++) {
		char piece[32];

		snprintf(piece, sizeof(piece), "write %u-%u", i, i + 1);
		CHECK(strstr(record.written, piece) != NULL);
	}
	CHECK(strstr(record.written, "write 100-101") != NULL);
	CHECK(atomic_load(&record.most) > 1);
	CHECK(atomic_load(&record.most) <= IMAGE_FLIGHT_MAX);
	CHECK_NUMBER(copy.done, 31 * MIB);
}

static void a_part_is_copied_and_no_more(void)
{
	struct record record = {.ranges = {{0, 9 * MIB}, {100 * MIB, 101 * MIB}}};
	struct image_copy copy = copy_of(&record);

	copy.start = 5 * MIB;
	copy.end = 7 * MIB;
	CHECK_NUMBER(image_copy_run(&copy, NULL), 0);
	CHECK_TEXT(record.written, "allocate 5-7, write 5-6, write 6-7");
	copy.start = 20 * MIB;
	copy.end = 30 * MIB;
	CHECK_NUMBER(image_copy_run(&copy, NULL), 0);
	CHECK_TEXT(record.written, "allocate 5-7, write 5-6, write 6-7");
	CHECK_NUMBER(copy.done, 2 * MIB);
}

static void what_was_written_is_flushed_now_and_then(void)
{
	struct record record = {.ranges = {{0, 65 * MIB}}};
	struct image_copy copy = copy_in_turn(&record);

	CHECK_NUMBER(image_copy_run(&copy, NULL), 0);
	CHECK(strstr(record.written, "write 63-64, flush 0-1024") != NULL);
	CHECK(strstr(strstr(record.written, "flush") + 1, "flush") == NULL);
}

static void nothing_is_written_after_a_failure(void)
{
	struct record full = {.ranges = {{0, 20 * MIB}}, .fails_at = MIB};
	struct record damaged = full;
	struct image_copy copy = copy_in_turn(&full);
	struct cow_error err = {0};

	CHECK_NUMBER(image_copy_run(&copy, &err), -ENOSPC);
	CHECK_TEXT(full.written, "allocate 0-20, write 0-1, write 1-2");
	CHECK_TEXT(err.message, "write the copy of 'disk'");

	damaged.fails_reading = true;
	copy = copy_in_turn(&damaged);
	CHECK_NUMBER(image_copy_run(&copy, &err), -EIO);
	CHECK_TEXT(damaged.written, "allocate 0-20, write 0-1");
	CHECK_NUMBER(err.code, COW_CODE_CORRUPT);
}

/* What is in flight lands, and nothing else begins. Others go on until the failure is known, which
 * takes longer on a busy machine, but nowhere near as long as all of it. */
static void a_failure_ends_the_flight(void)
{
	for (uint64_t at = 0; at < 30; at++) {
		struct record record = {
			.ranges = {{0, 1000 * MIB}}, .fails_at = at * MIB, .fails_reading = true};
		struct image_copy copy = copy_of(&record);
		struct cow_error err = {0};

		CHECK_NUMBER(image_copy_run(&copy, &err), -EIO);
		CHECK(strstr(err.message, "read 'disk' at byte") != NULL);
		CHECK(record.reads < 500);
		CHECK(copy.done < record.reads * MIB);
	}
}

static int stop(void *data, uint64_t done, struct cow_error *err)
{
	(void)err;
	*(uint64_t *)data = done;
	return done >= 2 * MIB ? -ECANCELED : 0;
}

static void the_caller_can_stop_it_after_each_piece(void)
{
	struct record record = {.ranges = {{0, 20 * MIB}}};
	struct image_copy copy = copy_in_turn(&record);
	uint64_t done = 0;

	copy.step = stop;
	copy.data = &done;
	CHECK_NUMBER(image_copy_run(&copy, NULL), -ECANCELED);
	CHECK_NUMBER(done, 2 * MIB);
	CHECK_TEXT(record.written, "allocate 0-20, write 0-1, write 1-2");
}

static int in_the_callers_thread(void *data, uint64_t done, struct cow_error *err)
{
	const pthread_t *caller = data;

	(void)done;
	(void)err;
	CHECK(pthread_equal(*caller, pthread_self()));
	return 0;
}

static void progress_is_told_in_the_callers_thread(void)
{
	struct record record = {.ranges = {{0, 30 * MIB}}};
	struct image_copy copy = copy_of(&record);
	pthread_t caller = pthread_self();

	copy.step = in_the_callers_thread;
	copy.data = &caller;
	CHECK_NUMBER(image_copy_run(&copy, NULL), 0);
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

/* Of a file in pieces it takes long to find the end of its data: it is asked for once. */
static void what_is_known_to_be_data_is_not_asked_for_again(void)
{
	int fd = open(".", O_TMPFILE | O_RDWR, 0600);
	const uint64_t part = 1u << 20, size = 4u << 20;
	struct image_known known = {0};
	struct image_range range;
	void *data = calloc(1, size);

	if (fd < 0)
		UNIT_SKIP("no unnamed files in the build directory");
	CHECK_NUMBER(pwrite(fd, data, size, 0), (ssize_t)size);
	CHECK_NUMBER(ftruncate(fd, 2 * (off_t)size), 0);
	CHECK_NUMBER(image_next_known_range(fd, &known, 0, part, &range), 1);
	CHECK_NUMBER(range.end, part);
	CHECK_NUMBER(known.start, 0);
	CHECK_NUMBER(known.end, size);

	/* To be seen by a hole that comes later: it is taken for data. */
	CHECK_NUMBER(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)(2 * part),
			       (off_t)part),
		     0);
	CHECK_NUMBER(image_next_known_range(fd, &known, part, 2 * size, &range), 1);
	CHECK_NUMBER(range.start, part);
	CHECK_NUMBER(range.end, size);

	/* Before and behind what is known it is asked for. */
	CHECK_NUMBER(image_next_known_range(fd, &known, size, 2 * size, &range), 0);
	known.start = part;
	CHECK_NUMBER(image_next_known_range(fd, &known, 0, 2 * size, &range), 1);
	CHECK_NUMBER(range.end, 2 * part);
	free(data);
	close(fd);
}

int main(void)
{
	data_is_copied_in_pieces_and_holes_are_not();
	several_pieces_are_in_flight_at_once();
	a_part_is_copied_and_no_more();
	what_was_written_is_flushed_now_and_then();
	nothing_is_written_after_a_failure();
	a_failure_ends_the_flight();
	the_caller_can_stop_it_after_each_piece();
	progress_is_told_in_the_callers_thread();
	holes_are_kept_from_64_kib_on();
	what_is_known_to_be_data_is_not_asked_for_again();
	return unit_status();
}
