/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <linux/dm-ioctl.h>

#include "stack/dm.h"
#include "stack/test-tree.h"

/* --- device mapper ---------------------------------------------------------------------------- */

static void the_worst_segment_of_a_table_decides(void)
{
	struct {
		struct dm_target_spec spec[3];
	} answer = {{{0, 8, 0, sizeof(struct dm_target_spec), "linear"},
		     {8, 2, 0, 2 * sizeof(struct dm_target_spec), "vdo"},
		     {10, 1, 0, 0, "thin"}}};
	struct stack_dm_table table = {0};

	CHECK_NUMBER(stack_dm_table_parse(&answer, sizeof(answer), 3, &table), 0);
	CHECK_TEXT(table.worst, "vdo");
	CHECK_NUMBER(table.segments, 3);
	CHECK_TEXT(table.targets, "linear 0+4096, vdo 4096+1024, thin 5120+512");
	CHECK_NUMBER(stack_dm_table_parse(&answer, sizeof(answer), 1, &table), 0);
	CHECK_TEXT(table.worst, "linear");
	memcpy(answer.spec[1].target_type, "novelty", 8);
	CHECK_NUMBER(stack_dm_table_parse(&answer, sizeof(answer), 3, &table), 0);
	CHECK_TEXT(table.worst, "novelty"); /* unknown is not taken for good */
}

static void segments_with_one_target_are_told_as_one(void)
{
	struct dm_target_spec spec[] = {{0, 8, 0, sizeof(*spec), "linear"},
					{8, 8, 0, 2 * sizeof(*spec), "linear"},
					{16, 8, 0, 0, "striped"}};
	struct stack_dm_table table = {0};

	CHECK_NUMBER(stack_dm_table_parse(spec, sizeof(spec), 3, &table), 0);
	CHECK_NUMBER(table.segments, 3);
	CHECK_TEXT(table.targets, "linear 0+8192, striped 8192+4096");
}

static void a_table_with_many_targets_is_told_in_part(void)
{
	enum { SEGMENTS = 100 };
	static struct dm_target_spec spec[SEGMENTS];
	struct stack_dm_table table = {0};

	for (unsigned i = 0; i < SEGMENTS; i++) {
		spec[i] = (struct dm_target_spec){i, 1, 0, (i + 1) * sizeof(*spec), "linear"};
		strcpy(spec[i].target_type, i % 2 ? "linear" : "striped");
	}
	CHECK_NUMBER(stack_dm_table_parse(spec, sizeof(spec), SEGMENTS, &table), 0);
	CHECK_NUMBER(table.segments, SEGMENTS);
	CHECK(strlen(table.targets) == sizeof(table.targets) - 1);
	CHECK_TEXT(table.targets + sizeof(table.targets) - 4, "...");
}

static void a_table_that_makes_no_sense_is_refused(void)
{
	struct dm_target_spec spec = {.length = 8, .target_type = "linear"};
	struct stack_dm_table table = {0};

	CHECK_NUMBER(stack_dm_table_parse(&spec, sizeof(spec), 0, &table), -EBADMSG);
	CHECK_NUMBER(stack_dm_table_parse(&spec, sizeof(spec), 2, &table), -EBADMSG);
	CHECK_NUMBER(stack_dm_table_parse(&spec, sizeof(spec) - 1, 1, &table), -EBADMSG);
	spec.sector_start = 1;
	CHECK_NUMBER(stack_dm_table_parse(&spec, sizeof(spec), 1, &table), -EBADMSG);
	spec.sector_start = 0;
	spec.length = 0;
	CHECK_NUMBER(stack_dm_table_parse(&spec, sizeof(spec), 1, &table), -EBADMSG);
	spec.length = UINT64_MAX;
	CHECK_NUMBER(stack_dm_table_parse(&spec, sizeof(spec), 1, &table), -EBADMSG);
	spec.length = 8;
	spec.next = 0xffffffff;
	CHECK_NUMBER(stack_dm_table_parse(&spec, sizeof(spec), 2, &table), -EBADMSG);
	memset(spec.target_type, 0, sizeof(spec.target_type));
	CHECK_NUMBER(stack_dm_table_parse(&spec, sizeof(spec), 1, &table), -EBADMSG);
	memset(spec.target_type, 'x', sizeof(spec.target_type));
	CHECK_NUMBER(stack_dm_table_parse(&spec, sizeof(spec), 1, &table), -EBADMSG);
	CHECK_TEXT(table.worst, "");
}

/* --- other block devices ---------------------------------------------------------------------- */

static void bcache_is_told_from_the_disk_it_caches(void)
{
	const struct cow_layer *layer;

	device("bcache0", "252:0");
	disk("sda", "8:0");
	attribute("sda", "bcache/state", "clean\n");
	link_to("../sda/bcache", "sys/devices/virtual/block/bcache0/bcache");
	lies_on("bcache0", "sda");

	layer = probe(252, 0);
	expect(layer, "bcache", IN_PLACE, INFERRED);
	CHECK_TEXT(cow_layer_detail_text(layer, "state"), "clean");
	expect(layer->below, "disk", IN_PLACE, INFERRED);
}

static void memory_and_network_disks_say_what_lies_beyond(void)
{
	const struct cow_layer *layer;

	disk("zram0", "252:0");
	disk("nbd0", "43:0");
	attribute("nbd0", "backend", "images\n");
	expect(probe(252, 0), "zram", COPIED, INFERRED);
	layer = probe(43, 0);
	expect(layer, "nbd", IN_PLACE, INFERRED);
	CHECK(cow_layer_detail_text(layer, "beyond") != NULL);
	CHECK_TEXT(cow_layer_detail_text(layer, "backend"), "images");
}

static void a_name_with_a_slash_is_written_so(void)
{
	disk("cciss!c0d0", "104:0");
	CHECK_TEXT(probe(104, 0)->name, "/dev/cciss/c0d0");
}

static void a_deleted_backing_file_is_unknown(void)
{
	const struct cow_layer *layer;

	device("loop0", "7:0");
	attribute("loop0", "loop/backing_file", "/images/a (deleted)\n");
	device("loop1", "7:1");
	attribute("loop1", "loop/backing_file", "/elsewhere/a\n");
	device("loop2", "7:2");

	layer = probe(7, 0);
	expect(layer, "loop", IN_PLACE, REPORTED);
	expect(layer->below, "unknown", COW_OVERWRITE_UNKNOWN, COW_EVIDENCE_NONE);
	CHECK(strstr(layer->below->reason, "deleted") != NULL);
	expect(probe(7, 1)->below, "unknown", COW_OVERWRITE_UNKNOWN, COW_EVIDENCE_NONE);
	expect(probe(7, 2), "loop", COW_OVERWRITE_UNKNOWN, COW_EVIDENCE_NONE);
}

static void a_backing_file_called_deleted_is_there(void)
{
	const struct cow_layer *layer;

	device("loop0", "7:0");
	attribute("loop0", "loop/backing_file", "/images/a (deleted)\n");
	file("", "images/a (deleted)");
	layer = probe(7, 0)->below;
	CHECK(layer && strcmp(layer->type, "unknown") != 0);
}

/* Each of two devices lies on both of the next two: 2^20 ways down. */
static void a_stack_with_too_many_ways_ends(void)
{
	enum { LEVELS = 20 };
	static const char *const sides[] = {"a", "b"};

	for (unsigned i = 0; i < 2 * LEVELS; i++) {
		char name[32], number[32];

		snprintf(name, sizeof(name), "drbd%u%s", i / 2, sides[i % 2]);
		snprintf(number, sizeof(number), "147:%u", i);
		device(name, number);
		for (unsigned k = 0; i / 2 + 1 < LEVELS && k < 2; k++) {
			char lower[32];

			snprintf(lower, sizeof(lower), "drbd%u%s", i / 2 + 1, sides[k]);
			lies_on(name, lower);
		}
	}
	CHECK(probe(147, 0) != NULL);
	CHECK(builder.layers > 1024 && builder.layers < 1100);
}

static void a_device_sysfs_does_not_show_is_unknown(void)
{
	expect(probe(8, 99), "device", COW_OVERWRITE_UNKNOWN, COW_EVIDENCE_NONE);
	expect(probe(0, 42), "device", COW_OVERWRITE_UNKNOWN, COW_EVIDENCE_NONE);
}

int main(void)
{
	static void (*const tests[])(void) = {
		the_worst_segment_of_a_table_decides,
		segments_with_one_target_are_told_as_one,
		a_table_with_many_targets_is_told_in_part,
		a_table_that_makes_no_sense_is_refused,
		bcache_is_told_from_the_disk_it_caches,
		memory_and_network_disks_say_what_lies_beyond,
		a_name_with_a_slash_is_written_so,
		a_deleted_backing_file_is_unknown,
		a_backing_file_called_deleted_is_there,
		a_stack_with_too_many_ways_ends,
		a_device_sysfs_does_not_show_is_unknown,
	};

	return run_tests(tests, BASE_ARRAY_SIZE(tests));
}
