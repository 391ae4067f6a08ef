/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The layers that the kernel of a test machine rarely has, over sysfs trees made here: shaped like
 * the real one, links included. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/dm-ioctl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "stack/block.h"
#include "stack/dm.h"
#include "stack/mount.h"

#include "unit.h"

/* --- a tree in place of "/" ------------------------------------------------------------------- */

static char tree[64];
static struct stack_builder builder;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static void begin(void)
{
	strcpy(tree, "/tmp/cow-stack.XXXXXX");
	if (!mkdtemp(tree))
		exit(EXIT_FAILURE);
	builder = (struct stack_builder){.edge.root = open(tree, O_PATH | O_DIRECTORY)};
}

static void end(void)
{
	CHECK(!builder.no_memory);
	stack_builder_clear(&builder);
	close(builder.edge.root);
	nftw(tree, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void place(char *path, size_t size, const char *format, va_list arguments)
{
	size_t used = (size_t)snprintf(path, size, "%s/", tree);

	vsnprintf(path + used, size - used, format, arguments);
	for (char *slash = path + used; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0777);
		*slash = '/';
	}
}

static void file(const char *content, const char *format, ...)
{
	char path[512];
	va_list arguments;
	FILE *stream;

	va_start(arguments, format);
	place(path, sizeof(path), format, arguments);
	va_end(arguments);
	stream = fopen(path, "w");
	CHECK(stream && fputs(content, stream) >= 0 && fclose(stream) == 0);
}

static void link_to(const char *target, const char *format, ...)
{
	char path[512];
	va_list arguments;

	va_start(arguments, format);
	place(path, sizeof(path), format, arguments);
	va_end(arguments);
	CHECK_NUMBER(symlink(target, path), 0);
}

/* A device as the kernel shows it: a directory, its number, a link to it by that number. */
static void device(const char *name, const char *number)
{
	char target[128], line[32];

	snprintf(target, sizeof(target), "../../devices/virtual/block/%s", name);
	snprintf(line, sizeof(line), "%s\n", number);
	link_to(target, "sys/dev/block/%s", number);
	file(line, "sys/devices/virtual/block/%s/dev", name);
}

static void attribute(const char *name, const char *attribute_name, const char *value)
{
	file(value, "sys/devices/virtual/block/%s/%s", name, attribute_name);
}

static void lies_on(const char *upper, const char *lower)
{
	char target[128];

	snprintf(target, sizeof(target), "../../%s", lower);
	link_to(target, "sys/devices/virtual/block/%s/slaves/%s", upper, lower);
	snprintf(target, sizeof(target), "../../%s", upper);
	link_to(target, "sys/devices/virtual/block/%s/holders/%s", lower, upper);
}

static void mapper(const char *name, const char *number, const char *mapper_name, const char *uuid)
{
	device(name, number);
	attribute(name, "dm/name", mapper_name);
	attribute(name, "dm/uuid", uuid);
}

static void disk(const char *name, const char *number)
{
	device(name, number);
	attribute(name, "queue/zoned", "none\n");
	attribute(name, "ro", "0\n");
}

static void partition(const char *upper, const char *on, const char *name, const char *number)
{
	char target[128];

	snprintf(target, sizeof(target), "../../devices/virtual/block/%s/%s", on, name);
	link_to(target, "sys/dev/block/%s", number);
	file(number, "sys/devices/virtual/block/%s/%s/dev", on, name);
	file("1\n", "sys/devices/virtual/block/%s/%s/partition", on, name);
	snprintf(target, sizeof(target), "../../%s/%s", on, name);
	link_to(target, "sys/devices/virtual/block/%s/slaves/%s", upper, name);
}

static const struct cow_layer *probe(unsigned major_number, unsigned minor_number)
{
	return stack_block_probe(&builder, makedev(major_number, minor_number), NULL);
}

static void expect(const struct cow_layer *layer, const char *type, enum cow_overwrite overwrite,
		   enum cow_evidence evidence)
{
	CHECK(layer != NULL);
	if (!layer)
		return;
	CHECK_TEXT(layer->type, type);
	CHECK_TEXT(cow_overwrite_name(layer->overwrite), cow_overwrite_name(overwrite));
	CHECK_TEXT(cow_evidence_name(layer->evidence), cow_evidence_name(evidence));
	CHECK(layer->reason[0] != '\0');
}

#define LVM                                                                                        \
	"LVM-"                                                                                     \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"                                                         \
	"BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"

#define IN_PLACE    COW_OVERWRITE_IN_PLACE
#define COPIED      COW_OVERWRITE_COPIED
#define COPIED_ONCE COW_OVERWRITE_COPIED_ONCE
#define INFERRED    COW_EVIDENCE_INFERRED
#define REPORTED    COW_EVIDENCE_REPORTED

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

/* --- mounts ----------------------------------------------------------------------------------- */

static void the_mount_is_found_by_its_id(void)
{
	struct stack_mount mount = {0};
	char *value;
	struct statx sx;
	char lines[512];

	if (statx(AT_FDCWD, "/", 0, STATX_MNT_ID, &sx) < 0 || !(sx.stx_mask & STATX_MNT_ID))
		return;
	snprintf(lines, sizeof(lines),
		 "%llu1 1 0:7 / / rw - ext4 /dev/wrong rw\n"
		 "%llu 1 0:41 /sub /a\\040b\\012c rw,noatime shared:1 - btrfs /dev/sda1 "
		 "ro,nodatasum,nodatacow,subvolid=256,subvol=/sub\n",
		 (unsigned long long)sx.stx_mnt_id, (unsigned long long)sx.stx_mnt_id);
	file(lines, "proc/self/mountinfo");
	{
		BASE_CLEANUP(fd) int fd = open("/", O_PATH);

		CHECK_NUMBER(stack_mount_find(&builder.edge, fd, &mount), 0);
	}
	CHECK_TEXT(mount.type, "btrfs");
	CHECK_TEXT(mount.target, "/a b\nc");
	CHECK_TEXT(mount.root, "/sub");
	CHECK_TEXT(mount.source, "/dev/sda1");
	CHECK(stack_mount_has(&mount, "nodatacow"));
	CHECK(stack_mount_has(&mount, "ro"));
	CHECK(!stack_mount_has(&mount, "datacow"));
	value = stack_mount_option(&mount, "subvol");
	CHECK_TEXT(value, "/sub");
	free(value);
	stack_mount_clear(&mount);
}

static void a_mount_of_another_namespace_is_not_found(void)
{
	struct stack_mount mount = {0};
	BASE_CLEANUP(fd) int fd = open("/", O_PATH);

	file("999999999 1 0:7 / / rw - ext4 /dev/wrong rw\n", "proc/self/mountinfo");
	CHECK_NUMBER(stack_mount_find(&builder.edge, fd, &mount), -ENOENT);
	CHECK(!mount.type);
}

int main(void)
{
	static void (*const tests[])(void) = {
		a_thin_volume_is_known_by_its_pool,
		an_encrypted_partition_leads_to_its_disk,
		vdo_copies_below_a_volume_that_does_not,
		a_thick_snapshot_and_its_origin_are_told_apart,
		a_raid_volume_with_hidden_images_is_not_an_origin,
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
		the_mount_is_found_by_its_id,
		a_mount_of_another_namespace_is_not_found,
	};

	for (size_t i = 0; i < BASE_ARRAY_SIZE(tests); i++) {
		begin();
		tests[i]();
		end();
	}
	return unit_status();
}
