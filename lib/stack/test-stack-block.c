/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <linux/dm-ioctl.h>

#include "stack/dm.h"
#include "stack/test-tree.h"

#define LVM                                                                                        \
	"LVM-"                                                                                     \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"                                                         \
	"BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"

/* --- device mapper ---------------------------------------------------------------------------- */

static void a_thin_volume_is_known_by_its_pool(void)
{
	const struct cow_layer *layer;

	mapper("dm-3", "253:3", "vg-thin\n", LVM "\n");
	mapper("dm-2", "253:2", "vg-pool-tpool\n", LVM "-tpool\n");
	mapper("dm-0", "253:0", "vg-pool_tmeta\n", LVM "-tmeta\n");
	mapper("dm-1", "253:1", "vg-pool_tdata\n", LVM "-tdata\n");
	disk("sda", "8:0");
	lies_on("dm-3", "dm-2");
	lies_on("dm-2", "dm-0");
	lies_on("dm-2", "dm-1");
	lies_on("dm-0", "sda");
	lies_on("dm-1", "sda");

	layer = probe(253, 3);
	expect(layer, "dm-thin", COPIED_ONCE, INFERRED);
	CHECK_TEXT(layer->name, "/dev/mapper/vg-thin");
	expect(layer->below, "dm-thin-pool", IN_PLACE, INFERRED);
	expect(layer->below->below, "dm", IN_PLACE, INFERRED);
	CHECK_TEXT(layer->below->below->name, "/dev/mapper/vg-pool_tmeta");
	CHECK_TEXT(layer->below->below->next->name, "/dev/mapper/vg-pool_tdata");
	expect(layer->below->below->next->below, "disk", IN_PLACE, INFERRED);
}

static void an_encrypted_partition_leads_to_its_disk(void)
{
	const struct cow_layer *layer;

	mapper("dm-0", "253:0", "home\n", "CRYPT-LUKS2-0123456789abcdef-home\n");
	disk("sda", "8:0");
	partition("dm-0", "sda", "sda1", "8:1");

	layer = probe(253, 0);
	expect(layer, "dm-crypt", IN_PLACE, INFERRED);
	expect(layer->below, "partition", IN_PLACE, REPORTED);
	CHECK_TEXT(layer->below->name, "/dev/sda1");
	expect(layer->below->below, "disk", IN_PLACE, INFERRED);
	CHECK_TEXT(layer->below->below->name, "/dev/sda");
}

static void vdo_copies_below_a_volume_that_does_not(void)
{
	const struct cow_layer *layer;

	mapper("dm-2", "253:2", "vg-vdo\n", LVM "\n");
	mapper("dm-1", "253:1", "vg-vpool0-vpool\n", LVM "-vpool\n");
	mapper("dm-0", "253:0", "vg-vpool0_vdata\n", LVM "-vdata\n");
	disk("sda", "8:0");
	lies_on("dm-2", "dm-1");
	lies_on("dm-1", "dm-0");
	lies_on("dm-0", "sda");

	layer = probe(253, 2);
	expect(layer, "dm-linear", IN_PLACE, INFERRED);
	expect(layer->below, "dm-vdo", COPIED, INFERRED);
	CHECK_NUMBER(layer->below->cow_switch, COW_SWITCH_NONE);
	expect(layer->below->below, "dm", IN_PLACE, INFERRED);
}

static void a_thick_snapshot_and_its_origin_are_told_apart(void)
{
	mapper("dm-3", "253:3", "vg-snap\n", LVM "\n");
	mapper("dm-2", "253:2", "vg-snap-cow\n", LVM "-cow\n");
	mapper("dm-1", "253:1", "vg-root-real\n", LVM "-real\n");
	mapper("dm-0", "253:0", "vg-root\n", LVM "\n");
	lies_on("dm-3", "dm-2");
	lies_on("dm-3", "dm-1");
	lies_on("dm-0", "dm-1");

	expect(probe(253, 0), "dm-snapshot-origin", IN_PLACE, INFERRED);
	expect(probe(253, 3), "dm-snapshot", COPIED_ONCE, INFERRED);
}

static void a_raid_volume_with_hidden_images_is_not_an_origin(void)
{
	mapper("dm-2", "253:2", "vg-raid\n", LVM "\n");
	mapper("dm-0", "253:0", "vg-raid_rimage_0\n", LVM "-real\n");
	mapper("dm-1", "253:1", "vg-raid_rimage_1\n", LVM "-real\n");
	lies_on("dm-2", "dm-0");
	lies_on("dm-2", "dm-1");

	expect(probe(253, 2), "dm", IN_PLACE, INFERRED);
}

static void a_cache_is_known_by_its_parts_which_are_none(void)
{
	const struct cow_layer *layer;

	mapper("dm-4", "253:4", "vg-home\n", LVM "\n");
	mapper("dm-1", "253:1", "vg-fast_cvol-cdata\n", LVM "-cdata\n");
	mapper("dm-2", "253:2", "vg-home_corig\n", LVM "-real\n");
	mapper("dm-0", "253:0", "vg-fast_cvol\n", LVM "-cvol\n");
	lies_on("dm-4", "dm-1");
	lies_on("dm-4", "dm-2");
	lies_on("dm-1", "dm-0");

	layer = probe(253, 4);
	expect(layer, "dm-cache", IN_PLACE, INFERRED);
	expect(layer->below, "dm", IN_PLACE, INFERRED);
	expect(layer->below->below, "dm", IN_PLACE, INFERRED);
	expect(layer->below->next, "dm", IN_PLACE, INFERRED);
}

static void multipath_shows_each_way(void)
{
	const struct cow_layer *layer;

	mapper("dm-0", "253:0", "mpatha\n", "mpath-3600140500000\n");
	disk("sdb", "8:16");
	disk("sdc", "8:32");
	lies_on("dm-0", "sdb");
	lies_on("dm-0", "sdc");

	layer = probe(253, 0);
	expect(layer, "dm-multipath", IN_PLACE, INFERRED);
	CHECK_TEXT(layer->below->name, "/dev/sdb");
	CHECK_TEXT(layer->below->next->name, "/dev/sdc");
	CHECK(layer->below->next->next == NULL);
}

static void a_device_made_by_hand_is_unknown_without_root(void)
{
	const struct cow_layer *layer;

	mapper("dm-0", "253:0", "byhand\n", "\n");
	disk("sda", "8:0");
	lies_on("dm-0", "sda");

	layer = probe(253, 0);
	expect(layer, "dm", COW_OVERWRITE_UNKNOWN, COW_EVIDENCE_NONE);
	CHECK(strstr(layer->reason, "needs root") != NULL);
	expect(layer->below, "disk", IN_PLACE, INFERRED);
}

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

static void a_mirror_over_two_partitions_shows_both(void)
{
	const struct cow_layer *layer;

	device("md0", "9:0");
	attribute("md0", "md/level", "raid1\n");
	disk("sda", "8:0");
	disk("sdb", "8:16");
	partition("md0", "sda", "sda1", "8:1");
	partition("md0", "sdb", "sdb1", "8:17");

	layer = probe(9, 0);
	expect(layer, "md-raid1", IN_PLACE, REPORTED);
	CHECK_TEXT(layer->name, "/dev/md0");
	expect(layer->below, "partition", IN_PLACE, REPORTED);
	CHECK_TEXT(layer->below->below->name, "/dev/sda");
	CHECK_TEXT(layer->below->next->below->name, "/dev/sdb");
}

static void an_array_that_is_not_running_is_unknown(void)
{
	device("md1", "9:1");
	attribute("md1", "md/level", "\n");
	expect(probe(9, 1), "md", COW_OVERWRITE_UNKNOWN, COW_EVIDENCE_NONE);
}

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
	expect(probe(252, 0), "zram", COPIED, INFERRED);
	layer = probe(43, 0);
	expect(layer, "nbd", IN_PLACE, INFERRED);
	CHECK(cow_layer_detail_text(layer, "beyond") != NULL);
}

static void a_zoned_disk_can_not_overwrite(void)
{
	device("sda", "8:0");
	attribute("sda", "queue/zoned", "host-managed\n");
	expect(probe(8, 0), "disk", COPIED, REPORTED);
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
		a_thin_volume_is_known_by_its_pool,
		an_encrypted_partition_leads_to_its_disk,
		vdo_copies_below_a_volume_that_does_not,
		a_thick_snapshot_and_its_origin_are_told_apart,
		a_raid_volume_with_hidden_images_is_not_an_origin,
		a_cache_is_known_by_its_parts_which_are_none,
		multipath_shows_each_way,
		a_device_made_by_hand_is_unknown_without_root,
		the_worst_segment_of_a_table_decides,
		a_table_that_makes_no_sense_is_refused,
		a_mirror_over_two_partitions_shows_both,
		an_array_that_is_not_running_is_unknown,
		bcache_is_told_from_the_disk_it_caches,
		memory_and_network_disks_say_what_lies_beyond,
		a_zoned_disk_can_not_overwrite,
		a_name_with_a_slash_is_written_so,
		a_deleted_backing_file_is_unknown,
		a_backing_file_called_deleted_is_there,
		a_stack_that_leads_back_to_itself_ends,
		a_device_sysfs_does_not_show_is_unknown,
	};

	return run_tests(tests, BASE_ARRAY_SIZE(tests));
}
