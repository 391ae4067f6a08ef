/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <linux/dm-ioctl.h>

#include "stack/dm.h"
#include "stack/test-tree.h"

#define LVM                                                                                        \
	"LVM-"                                                                                     \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"                                                         \
	"BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"

/* --- device mapper ---------------------------------------------------------------------------- */

static void the_worst_segment_of_a_table_decides(void)
{
	struct {
		struct dm_target_spec spec[3];
	} answer = {{{.next = sizeof(struct dm_target_spec), .target_type = "linear"},
		     {.next = 2 * sizeof(struct dm_target_spec), .target_type = "vdo"},
		     {.target_type = "thin"}}};
	struct stack_dm_table table = {0};

	CHECK_NUMBER(stack_dm_table_parse(&answer, sizeof(answer), 3, &table), 0);
	CHECK_TEXT(table.worst, "vdo");
	CHECK_NUMBER(table.segments, 3);
	CHECK_NUMBER(stack_dm_table_parse(&answer, sizeof(answer), 1, &table), 0);
	CHECK_TEXT(table.worst, "linear");
	memcpy(answer.spec[1].target_type, "novelty", 8);
	CHECK_NUMBER(stack_dm_table_parse(&answer, sizeof(answer), 3, &table), 0);
	CHECK_TEXT(table.worst, "novelty"); /* unknown is not taken for good */
}

static void a_table_that_makes_no_sense_is_refused(void)
{
	struct dm_target_spec spec = {.next = 0, .target_type = "linear"};
	struct stack_dm_table table = {0};

	CHECK_NUMBER(stack_dm_table_parse(&spec, sizeof(spec), 0, &table), -EBADMSG);
	CHECK_NUMBER(stack_dm_table_parse(&spec, sizeof(spec), 2, &table), -EBADMSG);
	CHECK_NUMBER(stack_dm_table_parse(&spec, sizeof(spec) - 1, 1, &table), -EBADMSG);
	spec.next = 0xffffffff;
	CHECK_NUMBER(stack_dm_table_parse(&spec, sizeof(spec), 2, &table), -EBADMSG);
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

static void a_stack_that_leads_back_to_itself_ends(void)
{
	const struct cow_layer *layer;

	mapper("dm-0", "253:0", "a\n", LVM "\n");
	mapper("dm-1", "253:1", "b\n", LVM "\n");
	lies_on("dm-0", "dm-1");
	lies_on("dm-1", "dm-0");
	layer = probe(253, 0)->below->below;
	expect(layer, "device", COW_OVERWRITE_UNKNOWN, COW_EVIDENCE_NONE);
	CHECK(layer->below == NULL);
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
		a_table_that_makes_no_sense_is_refused,
		bcache_is_told_from_the_disk_it_caches,
		memory_and_network_disks_say_what_lies_beyond,
		a_name_with_a_slash_is_written_so,
		a_deleted_backing_file_is_unknown,
		a_backing_file_called_deleted_is_there,
		a_stack_that_leads_back_to_itself_ends,
		a_device_sysfs_does_not_show_is_unknown,
	};

	return run_tests(tests, BASE_ARRAY_SIZE(tests));
}
