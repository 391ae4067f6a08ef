/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <string.h>
#include <sys/vfs.h>

#include <cow/attr.h>

#include "base/text.h"
#include "stack/block.h"
#include "stack/filesystem.h"

void stack_device_below(struct stack_builder *builder, struct cow_layer *layer,
			const struct stack_subject *subject, const struct stack_trail *trail)
{
	/* With no mount to ask, st_dev serves: filesystems in this table that use this function
	 * don't give out anonymous ones. */
	dev_t device = subject->mount.device ? subject->mount.device : subject->st.st_dev;

	stack_layer_put_below(layer, stack_block_probe(builder, device, trail));
}

#define IN_PLACE COW_OVERWRITE_IN_PLACE, COW_SWITCH_NOT_NEEDED
#define COPIED   COW_OVERWRITE_COPIED, COW_SWITCH_NONE
#define UNKNOWN  COW_OVERWRITE_UNKNOWN, COW_SWITCH_UNKNOWN

#define READ_ONLY "read-only filesystem: nothing on it is ever overwritten"
#define REMOTE    "the server decides, and its clients can't see how", NULL, NULL, "the server"

/* A type name is a hint, no more: what the probe measures goes above it. Types that are not here
 * are unknown. */
static const struct stack_filesystem filesystems[] = {
	{"btrfs", 0x9123683e, UNKNOWN, "", stack_btrfs_judge, stack_btrfs_below},
	{"xfs", 0x58465342, UNKNOWN, "", stack_xfs_judge, stack_xfs_below},
	{"ext4", 0xef53, IN_PLACE, "ext4 overwrites in place", NULL, stack_device_below},
	{"ext3", 0xef53, IN_PLACE, "ext3 overwrites in place", NULL, stack_device_below},
	{"ext2", 0xef53, IN_PLACE, "ext2 overwrites in place", NULL, stack_device_below},
	{"f2fs", 0xf2f52010, UNKNOWN, "", stack_f2fs_judge, stack_device_below},
	{"bcachefs", 0xca451a4e, UNKNOWN, "", stack_bcachefs_judge, stack_bcachefs_below},
	{"nilfs2", 0x3434, COPIED, "nilfs2 is a log: everything is written anew", NULL,
	 stack_device_below},
	{"zfs", 0x2fc12fc1, COPIED, "ZFS writes every block anew and has no switch", NULL, NULL},
	{"ocfs2", 0x7461636f, IN_PLACE,
	 "ocfs2 overwrites in place; shared clusters are copied once", NULL, stack_device_below,
	 .shares = true},
	{"gfs2", 0x01161970, IN_PLACE, "gfs2 overwrites in place", NULL, stack_device_below},
	{"jfs", 0x3153464a, IN_PLACE, "jfs overwrites in place", NULL, stack_device_below},
	{"reiserfs", 0x52654973, IN_PLACE, "reiserfs overwrites in place", NULL,
	 stack_device_below},
	{"ntfs3", 0x7366746e, IN_PLACE, "NTFS overwrites in place, but for compressed files", NULL,
	 stack_device_below},
	{"exfat", 0x2011bab0, IN_PLACE, "exFAT overwrites in place", NULL, stack_device_below},
	{"vfat", 0x4d44, IN_PLACE, "FAT overwrites in place", NULL, stack_device_below},
	{"tmpfs", 0x01021994, IN_PLACE, "tmpfs keeps files in memory", NULL, NULL},
	{"ramfs", 0x858458f6, IN_PLACE, "ramfs keeps files in memory", NULL, NULL},
	{"devtmpfs", 0, IN_PLACE, "devtmpfs keeps files in memory", NULL, NULL},
	{"autofs", 0x187, UNKNOWN, "it is mounted when somebody enters it", NULL, NULL},
	{"overlay", 0x794c7630, UNKNOWN, "", stack_overlay_judge, stack_overlay_below},
	{"squashfs", 0x73717368, IN_PLACE, READ_ONLY, NULL, stack_device_below},
	{"erofs", 0xe0f5e1e2, IN_PLACE, READ_ONLY, NULL, stack_device_below},
	{"iso9660", 0x9660, IN_PLACE, READ_ONLY, NULL, stack_device_below},
	{"nfs", 0x6969, UNKNOWN, REMOTE},
	{"nfs4", 0x6969, UNKNOWN, REMOTE},
	{"cifs", 0xff534d42, UNKNOWN, REMOTE},
	{"smb3", 0xfe534d42, UNKNOWN, REMOTE},
	{"ceph", 0x00c36400, UNKNOWN, REMOTE},
	{"9p", 0x01021997, UNKNOWN, REMOTE},
	{"virtiofs", 0, UNKNOWN, "the host decides, and its guests can't see how", NULL, NULL,
	 "the host"},
	{"fuse", 0x65735546, UNKNOWN, "a program decides, and can't be asked", NULL, NULL},
	{"fuse.", 0, UNKNOWN, "a program decides, and can't be asked", NULL, NULL},
	{"fuseblk", 0, UNKNOWN, "a program decides, and can't be asked", NULL, stack_device_below},
};

static const struct stack_filesystem other = {"unknown", 0, UNKNOWN,
					      "nothing is known about this type of filesystem"};

static bool type_matches(const char *known, const char *type)
{
	size_t length = strlen(known);

	return known[length - 1] == '.' ? !strncmp(type, known, length) : !strcmp(type, known);
}

static const struct stack_filesystem *find_filesystem(const struct stack_subject *subject)
{
	struct statfs fs = {0};
	bool by_magic = !subject->mount.type && fstatfs(subject->fd, &fs) == 0;

	for (size_t i = 0; i < BASE_ARRAY_SIZE(filesystems); i++) {
		const struct stack_filesystem *row = &filesystems[i];

		if (subject->mount.type && type_matches(row->type, subject->mount.type))
			return row;
		if (by_magic && row->magic && row->magic == (unsigned)fs.f_type)
			return row;
	}
	return &other;
}

bool stack_is_served(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return false;
	for (size_t i = 0; i < BASE_ARRAY_SIZE(filesystems); i++)
		if (filesystems[i].decided_by && filesystems[i].magic == (unsigned)fs.f_type)
			return true;
	return false;
}

static void describe_mount(struct stack_builder *builder, struct cow_layer *layer,
			   const struct stack_mount *mount)
{
	stack_detail_text(builder, layer, "mount_point", mount->target);
	stack_detail_text(builder, layer, "source", mount->source);
	stack_detail_text(builder, layer, "mount_options", mount->options);
}

struct cow_layer *stack_subject_probe(struct stack_builder *builder,
				      const struct stack_subject *subject,
				      const struct stack_trail *trail)
{
	const struct stack_filesystem *row = find_filesystem(subject);
	const struct stack_mount *mount = &subject->mount;
	struct cow_layer *layer = stack_layer_new(builder, mount->type ? mount->type : row->type,
						  mount->target ? mount->target : "?");

	if (!layer)
		return NULL;
	describe_mount(builder, layer, mount);
	stack_layer_judge(builder, layer, row->overwrite, row->cow_switch,
			  row->overwrite ? COW_EVIDENCE_INFERRED : COW_EVIDENCE_NONE, "%s",
			  row->reason);
	if (row->decided_by)
		stack_detail_text(builder, layer, "decided_by", row->decided_by);
	if (row->judge)
		row->judge(builder, layer, subject);
	/* A judge may know better: a Btrfs subvolume can be read-only on its own. */
	if (!cow_layer_detail(layer, "read_only"))
		stack_detail_answer(builder, layer, "read_only",
				    mount->options ? stack_answer(stack_mount_has(mount, "ro"))
						   : COW_ANSWER_UNKNOWN);
	if (row->cow_switch == COW_SWITCH_NOT_NEEDED)
		stack_detail_answer(builder, layer, "reflink", stack_answer(row->shares));
	if (row->below)
		row->below(builder, layer, subject, trail);
	return layer;
}

/* Device nodes, FIFOs and sockets are never opened: that has effects. */
static void open_subject(const struct stack_edge *edge, struct stack_subject *subject)
{
	uint32_t flags;

	if (edge->mount_id)
		return;
	if (S_ISREG(subject->st.st_mode) || S_ISDIR(subject->st.st_mode))
		subject->open = base_fd_reopen(subject->fd, O_RDONLY);
	if (subject->open >= 0 && cow_attr_get(subject->open, &flags, NULL) == 0)
		subject->nocow = stack_answer(flags & COW_ATTR_NOCOW);
}

struct cow_layer *stack_filesystem_probe(struct stack_builder *builder, int fd,
					 const struct stack_trail *trail)
{
	struct stack_subject subject = {.fd = fd, .open = -1};
	struct cow_layer *layer;

	if (fstat(fd, &subject.st) < 0)
		return stack_layer_unknown(builder, "unknown", "?", "it can't be looked at");
	/* Not found is no failure: some filesystems are mounted nowhere in this namespace. */
	(void)stack_mount_find(&builder->edge, fd, &subject.mount);
	open_subject(&builder->edge, &subject);
	layer = stack_subject_probe(builder, &subject, trail);
	stack_mount_clear(&subject.mount);
	if (subject.open >= 0)
		close(subject.open);
	return layer;
}
