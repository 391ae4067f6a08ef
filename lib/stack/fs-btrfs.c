/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <limits.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/text.h"
#include "stack/block.h"
#include "stack/filesystem.h"

#define FSID_TEXT_MAX 37

static bool ask_fsid(int fd, char fsid[FSID_TEXT_MAX], uint64_t *ret_devices)
{
	struct btrfs_ioctl_fs_info_args info = {0};
	char *end = fsid;

	if (fd < 0 || ioctl(fd, BTRFS_IOC_FS_INFO, &info) < 0)
		return false;
	for (size_t i = 0; i < sizeof(info.fsid); i++)
		end += sprintf(end, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x",
			       info.fsid[i]);
	*ret_devices = info.num_devices;
	return true;
}

/* The kernel's name of the mounted device, as a link in /dev/mapper leads to it. */
static bool name_device(const struct stack_edge *edge, const char *source, char *name, size_t size)
{
	BASE_CLEANUP(fd) int fd = source ? stack_edge_open(edge, source, O_PATH) : -1;
	ssize_t n = fd < 0 ? -1 : readlink(BASE_FD_PATH(fd), name, size - 1);
	char *slash;

	if (n < 0)
		return false;
	name[n] = '\0';
	slash = strrchr(name, '/');
	if (slash)
		memmove(name, slash + 1, strlen(slash));
	return true;
}

/* Who may open neither file nor mount point can still find the filesystem that has the mounted
 * device among its own. */
static bool search_fsid(const struct stack_edge *edge, const char *source, char fsid[FSID_TEXT_MAX])
{
	BASE_CLEANUP(names) char **found = NULL;
	char device[PATH_MAX];
	size_t count = name_device(edge, source, device, sizeof(device))
			       ? stack_list(edge->root, "sys/fs/btrfs", &found)
			       : 0;

	for (size_t i = 0; i < count; i++) {
		BASE_CLEANUP(free)
		char *path = base_format("sys/fs/btrfs/%s/devices/%s", found[i], device);

		if (path && strlen(found[i]) == FSID_TEXT_MAX - 1 &&
		    stack_exists(edge->root, path)) {
			memcpy(fsid, found[i], FSID_TEXT_MAX);
			return true;
		}
	}
	return false;
}

static bool find_fsid(const struct stack_edge *edge, const struct stack_subject *subject,
		      char fsid[FSID_TEXT_MAX], uint64_t *ret_devices)
{
	BASE_CLEANUP(fd) int top = -1;

	*ret_devices = 0;
	if (ask_fsid(subject->open, fsid, ret_devices))
		return true;
	top = stack_mount_open(edge, &subject->mount);
	return ask_fsid(top, fsid, ret_devices) || search_fsid(edge, subject->mount.source, fsid);
}

/* The directory of this filesystem in sysfs, or -errno. */
static int open_sysfs(const struct stack_edge *edge, const char *fsid)
{
	char path[64];

	snprintf(path, sizeof(path), "sys/fs/btrfs/%s", fsid);
	return stack_edge_open(edge, path, O_PATH | O_DIRECTORY);
}

/* Below allocation/data there is one directory per profile in use; while data is being converted
 * to another there are two. A filesystem with mixed block groups has allocation/mixed instead. */
static const char *find_profile(int sysfs)
{
	static const char *const profiles[] = {"single",  "dup",    "raid0", "raid1", "raid1c3",
					       "raid1c4", "raid10", "raid5", "raid6"};
	static const char *const kinds[] = {"data", "mixed"};
	const char *found = NULL;

	for (size_t k = 0; k < BASE_ARRAY_SIZE(kinds) && !found; k++)
		for (size_t i = 0; i < BASE_ARRAY_SIZE(profiles); i++) {
			char path[64];

			snprintf(path, sizeof(path), "allocation/%s/%s", kinds[k], profiles[i]);
			if (stack_exists(sysfs, path))
				found = found ? "mixed" : profiles[i];
		}
	return found;
}

static enum cow_answer is_zoned(int sysfs)
{
	if (sysfs < 0)
		return COW_ANSWER_UNKNOWN;
	return stack_answer(stack_exists(sysfs, "features/zoned"));
}

/* A device that is not written to (any more) is a seed, from which the filesystem was grown. */
static enum cow_answer has_seed(int sysfs)
{
	BASE_CLEANUP(names) char **devices = NULL;
	size_t count = sysfs < 0 ? 0 : stack_list(sysfs, "devinfo", &devices);
	enum cow_answer answer = COW_ANSWER_UNKNOWN;

	for (size_t i = 0; i < count && answer != COW_ANSWER_YES; i++) {
		BASE_CLEANUP(free) char *path = base_format("devinfo/%s/writeable", devices[i]);
		BASE_CLEANUP(free) char *writeable = path ? stack_read(sysfs, path) : NULL;

		if (writeable)
			answer = stack_answer(base_equal(writeable, "0"));
	}
	return answer;
}

/* The subvolume the subject is in; the mount names only the one that is mounted. Its path is known
 * when that is the same one, its name otherwise. */
static void describe_subvolume(struct stack_builder *builder, struct cow_layer *layer,
			       const struct stack_subject *subject)
{
	BASE_CLEANUP(free) char *path = stack_mount_option(&subject->mount, "subvol");
	BASE_CLEANUP(free) char *id = stack_mount_option(&subject->mount, "subvolid");
	struct btrfs_ioctl_get_subvol_info_args info = {0};

	if (subject->open < 0 || ioctl(subject->open, BTRFS_IOC_GET_SUBVOL_INFO, &info) < 0) {
		stack_detail_text(builder, layer, "subvolume", NULL);
		return;
	}
	if (id && strtoull(id, NULL, 10) == info.treeid)
		stack_detail_text(builder, layer, "subvolume", path);
	else
		stack_detail_text(builder, layer, "subvolume",
				  info.treeid == BTRFS_FS_TREE_OBJECTID ? "/" : info.name);
	stack_detail_number(builder, layer, "subvolume_id", info.treeid);
	if (info.flags & BTRFS_ROOT_SUBVOL_RDONLY)
		stack_detail_answer(builder, layer, "read_only", COW_ANSWER_YES);
}

static void judge_overwrite(struct stack_builder *builder, struct cow_layer *layer,
			    const struct stack_subject *subject, bool nodatacow,
			    enum cow_answer zoned)
{
	bool directory = S_ISDIR(subject->st.st_mode);

	if (zoned == COW_ANSWER_YES)
		stack_layer_judge(builder, layer, COW_OVERWRITE_COPIED, COW_SWITCH_NONE,
				  COW_EVIDENCE_REPORTED,
				  "zoned Btrfs always copies and has no switch");
	else if (subject->nocow == COW_ANSWER_YES)
		stack_layer_judge(builder, layer, COW_OVERWRITE_IN_PLACE, COW_SWITCH_ATTRIBUTE,
				  COW_EVIDENCE_REPORTED, "%s",
				  directory
					  ? "the directory is NOCOW, so are new files in it"
					  : "the file is NOCOW; what it shares with a snapshot or "
					    "clone is copied once");
	else if (directory && nodatacow)
		stack_layer_judge(builder, layer, COW_OVERWRITE_IN_PLACE, COW_SWITCH_MOUNT_OPTION,
				  COW_EVIDENCE_REPORTED, "mounted with nodatacow");
	else if (subject->nocow == COW_ANSWER_NO)
		stack_layer_judge(builder, layer, COW_OVERWRITE_COPIED, COW_SWITCH_ATTRIBUTE,
				  COW_EVIDENCE_REPORTED, "the %s is not NOCOW",
				  directory ? "directory" : "file");
	else
		stack_layer_judge(builder, layer, COW_OVERWRITE_UNKNOWN, COW_SWITCH_ATTRIBUTE,
				  COW_EVIDENCE_NONE, "whether it is NOCOW can't be read");
}

void stack_btrfs_judge(struct stack_builder *builder, struct cow_layer *layer,
		       const struct stack_subject *subject)
{
	bool nodatacow = stack_mount_has(&subject->mount, "nodatacow");
	char fsid[FSID_TEXT_MAX];
	uint64_t devices;
	bool found = find_fsid(&builder->edge, subject, fsid, &devices);
	BASE_CLEANUP(fd) int sysfs = found ? open_sysfs(&builder->edge, fsid) : -ENOENT;
	enum cow_answer zoned = is_zoned(sysfs);

	stack_detail_text(builder, layer, "fsid", found ? fsid : NULL);
	stack_detail_text(builder, layer, "data_profile", sysfs < 0 ? NULL : find_profile(sysfs));
	if (devices)
		stack_detail_number(builder, layer, "devices", devices);
	else
		stack_detail_text(builder, layer, "devices", NULL);
	stack_detail_answer(builder, layer, "zoned", zoned);
	stack_detail_answer(builder, layer, "seed", has_seed(sysfs));
	stack_detail_answer(builder, layer, "nodatacow",
			    subject->mount.options ? stack_answer(nodatacow) : COW_ANSWER_UNKNOWN);
	stack_detail_answer(builder, layer, "nocow", subject->nocow);
	describe_subvolume(builder, layer, subject);
	judge_overwrite(builder, layer, subject, nodatacow, zoned);
}

void stack_btrfs_below(struct stack_builder *builder, struct cow_layer *layer,
		       const struct stack_subject *subject, const struct stack_trail *trail)
{
	const char *fsid = cow_layer_detail_text(layer, "fsid");
	BASE_CLEANUP(fd) int sysfs = fsid ? open_sysfs(&builder->edge, fsid) : -ENOENT;
	BASE_CLEANUP(names) char **devices = NULL;
	size_t count = sysfs < 0 ? 0 : stack_list(sysfs, "devices", &devices);

	(void)subject;
	for (size_t i = 0; i < count; i++) {
		char path[300];
		dev_t number;

		snprintf(path, sizeof(path), "devices/%s/dev", devices[i]);
		number = stack_device_number(sysfs, path);
		stack_layer_put_below(layer, stack_block_probe(builder, number, trail));
	}
	if (!count)
		stack_layer_put_below(
			layer, stack_layer_unknown(builder, "device", "?",
						   "which devices are underneath can't be read"));
}
