/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stack/filesystem.h"
#include "stack/test-tree.h"

/* --- filesystems ------------------------------------------------------------------------------ */

#define FSID "01234567-89ab-cdef-0123-456789abcdef"

/* What an unprivileged user sees who may open neither the directory nor the mount point. */
static const struct cow_layer *probe_btrfs(const char *options)
{
	char type[] = "btrfs", source[] = "/dev/sda", target[] = "/srv", root[] = "/";
	struct stack_subject subject = {
		.fd = -1,
		.open = -1,
		.st.st_mode = S_IFDIR,
		.mount = {.type = type, .source = source, .target = target, .root = root},
	};
	const struct cow_layer *layer;

	subject.mount.options = strdup(options);
	file("", "dev/sda");
	disk("sda", "8:0");
	disk("sdb", "8:16");
	link_to("../../../../devices/virtual/block/sda", "sys/fs/btrfs/" FSID "/devices/sda");
	link_to("../../../../devices/virtual/block/sdb", "sys/fs/btrfs/" FSID "/devices/sdb");
	layer = stack_subject_probe(&builder, &subject, NULL);
	free(subject.mount.options);
	return layer;
}

static void btrfs_is_found_by_its_device(void)
{
	const struct cow_layer *layer;

	file("0\n", "sys/fs/btrfs/" FSID "/allocation/data/raid1c3/total_bytes");
	layer = probe_btrfs("rw,relatime,subvolid=5,subvol=/");
	expect(layer, "btrfs", COW_OVERWRITE_UNKNOWN, COW_EVIDENCE_NONE);
	CHECK_TEXT(cow_layer_detail_text(layer, "fsid"), FSID);
	CHECK_TEXT(cow_layer_detail_text(layer, "data_profile"), "raid1c3");
	CHECK_NUMBER(cow_layer_detail_answer(layer, "zoned"), COW_ANSWER_NO);
	CHECK_NUMBER(cow_layer_detail_answer(layer, "read_only"), COW_ANSWER_NO);
	CHECK_NUMBER(cow_layer_detail_answer(layer, "nocow"), COW_ANSWER_UNKNOWN);
	CHECK_TEXT(layer->below->name, "/dev/sda");
	CHECK_TEXT(layer->below->next->name, "/dev/sdb");
}

static void two_profiles_at_once_are_mixed(void)
{
	file("0\n", "sys/fs/btrfs/" FSID "/allocation/data/single/total_bytes");
	file("0\n", "sys/fs/btrfs/" FSID "/allocation/data/raid1/total_bytes");
	CHECK_TEXT(cow_layer_detail_text(probe_btrfs("rw"), "data_profile"), "mixed");
}

static void mixed_block_groups_have_a_profile_too(void)
{
	file("0\n", "sys/fs/btrfs/" FSID "/allocation/mixed/dup/total_bytes");
	CHECK_TEXT(cow_layer_detail_text(probe_btrfs("rw"), "data_profile"), "dup");
}

static void a_nodatacow_mount_overwrites_new_files_in_place(void)
{
	const struct cow_layer *layer = probe_btrfs("rw,nodatasum,nodatacow");

	expect(layer, "btrfs", IN_PLACE, REPORTED);
	CHECK_NUMBER(layer->cow_switch, COW_SWITCH_MOUNT_OPTION);
}

static void zoned_btrfs_has_no_switch(void)
{
	const struct cow_layer *layer;

	file("1\n", "sys/fs/btrfs/" FSID "/features/zoned");
	layer = probe_btrfs("rw");
	expect(layer, "btrfs", COPIED, REPORTED);
	CHECK_NUMBER(layer->cow_switch, COW_SWITCH_NONE);
}

static const struct cow_layer *probe_type(const char *type_name, const char *options_text)
{
	char type[32], options[64], none[] = "none";
	struct stack_subject subject = {
		.fd = -1,
		.open = -1,
		.st.st_mode = S_IFDIR,
		.mount = {.type = type,
			  .source = none,
			  .target = none,
			  .root = none,
			  .options = options},
	};

	snprintf(type, sizeof(type), "%s", type_name);
	snprintf(options, sizeof(options), "%s", options_text);
	return stack_subject_probe(&builder, &subject, NULL);
}

static void servers_and_strangers_are_unknown_with_a_reason(void)
{
	static const char *const types[] = {"nfs4", "cifs",       "ceph",     "9p",
					    "fuse", "fuse.sshfs", "virtiofs", "novelfs"};

	for (size_t i = 0; i < BASE_ARRAY_SIZE(types); i++)
		expect(probe_type(types[i], "rw"), types[i], COW_OVERWRITE_UNKNOWN,
		       COW_EVIDENCE_NONE);
}

static void of_a_server_is_said_who_can_tell_more(void)
{
	CHECK_TEXT(cow_layer_detail_text(probe_type("nfs4", "rw"), "decided_by"), "the server");
	CHECK_TEXT(cow_layer_detail_text(probe_type("virtiofs", "rw"), "decided_by"), "the host");
	CHECK(!cow_layer_detail(probe_type("novelfs", "rw"), "decided_by"));
}

static void filesystems_this_kernel_lacks_are_judged_by_type_and_options(void)
{
	expect(probe_type("zfs", "rw"), "zfs", COPIED, INFERRED);
	expect(probe_type("f2fs", "rw,mode=adaptive"), "f2fs", COPIED, INFERRED);
	expect(probe_type("f2fs", "rw,mode=lfs"), "f2fs", COPIED, REPORTED);
	expect(probe_type("bcachefs", "rw"), "bcachefs", COPIED, INFERRED);
	expect(probe_type("bcachefs", "rw,nocow"), "bcachefs", IN_PLACE, REPORTED);
	expect(probe_type("nilfs2", "rw"), "nilfs2", COPIED, INFERRED);
	expect(probe_type("exfat", "rw"), "exfat", IN_PLACE, INFERRED);
	expect(probe_type("squashfs", "ro"), "squashfs", IN_PLACE, INFERRED);
	CHECK_NUMBER(cow_layer_detail_answer(probe_type("squashfs", "ro"), "read_only"),
		     COW_ANSWER_YES);
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

static void without_proc_no_mount_is_found(void)
{
	struct stack_mount mount = {0};
	BASE_CLEANUP(fd) int fd = open("/", O_PATH);

	CHECK_NUMBER(stack_mount_find(&builder.edge, fd, &mount), -ENOENT);
	CHECK(!mount.type);
}

/* As in a chroot, whose own mount isn't listed. */
static void of_a_mount_that_is_not_found_nothing_is_said(void)
{
	struct stack_subject subject = {.fd = -1, .open = -1, .st.st_mode = S_IFDIR};
	const struct cow_layer *layer = stack_subject_probe(&builder, &subject, NULL);

	expect(layer, "unknown", COW_OVERWRITE_UNKNOWN, COW_EVIDENCE_NONE);
	CHECK_NUMBER(cow_layer_detail(layer, "mount_point")->kind, COW_DETAIL_UNKNOWN);
	CHECK_NUMBER(cow_layer_detail_answer(layer, "read_only"), COW_ANSWER_UNKNOWN);
}

static void a_mount_under_another_one_is_not_taken_for_it(void)
{
	BASE_CLEANUP(fd) int root = open("/", O_PATH), proc = open("/proc", O_PATH), top = -1;
	struct stack_edge edge = {.root = root};
	struct stack_mount mount = {0};

	CHECK_NUMBER(stack_mount_find(&edge, proc, &mount), 0);
	top = stack_mount_open(&edge, &mount);
	CHECK(top >= 0);
	mount.id++;
	CHECK_NUMBER(stack_mount_open(&edge, &mount), -ESTALE);
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
		btrfs_is_found_by_its_device,
		two_profiles_at_once_are_mixed,
		mixed_block_groups_have_a_profile_too,
		a_nodatacow_mount_overwrites_new_files_in_place,
		zoned_btrfs_has_no_switch,
		servers_and_strangers_are_unknown_with_a_reason,
		of_a_server_is_said_who_can_tell_more,
		filesystems_this_kernel_lacks_are_judged_by_type_and_options,
		the_mount_is_found_by_its_id,
		a_mount_of_another_namespace_is_not_found,
		without_proc_no_mount_is_found,
		of_a_mount_that_is_not_found_nothing_is_said,
		a_mount_under_another_one_is_not_taken_for_it,
	};

	return run_tests(tests, BASE_ARRAY_SIZE(tests));
}
