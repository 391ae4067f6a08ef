/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COW_STACK_H
#define COW_STACK_H

/**
 * @file
 * What lies under a path, layer by layer: filesystem, partition, loop device and the filesystem
 * under it, device mapper, md, disk. Found by asking (statx mount id, mountinfo, ioctls, sysfs,
 * device-mapper tables, what udev found); nothing is written and nothing is measured here,
 * cow/probe.h does that.
 *
 * Works unprivileged. What needs more is COW_OVERWRITE_UNKNOWN with the reason.
 * Calls are thread-safe as long as each thread has its own objects.
 */

#include <cow/error.h>
#include <cow/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum cow_detail_kind {
	COW_DETAIL_UNKNOWN = 0, /**< asked for, but could not be had: null in JSON */
	COW_DETAIL_TEXT,
	COW_DETAIL_NUMBER, /**< bytes or a count */
	COW_DETAIL_BOOL,
};

/** One more thing known about a layer, such as data_profile = "raid1". What there can be, besides
 *  others; a program should look for a key and not count on it:
 *   - every filesystem: mount_point, source, mount_options (texts), read_only;
 *   - one of a server: decided_by ("the server", "the host": who could tell more);
 *   - btrfs: fsid, data_profile ("single", "dup", "raid1", ...; "mixed" while it is converted),
 *     devices (how many), zoned, seed (one of them is only read: what lies there is written
 *     elsewhere), nodatacow (mounted so), nocow (the flag of what was asked about), subvolume (its
 *     path when it is the mounted one, else its name), subvolume_id;
 *   - xfs: reflink, zoned; f2fs: mode, pinned; bcachefs: nocow;
 *   - others that overwrite in place (ext4, tmpfs, ...): reflink (their files can share blocks);
 *   - overlay: lowerdir, upperdir, workdir, upperdir_nocow, workdir_nocow, and in_upper: what was
 *     asked about is in the upper directory already;
 *   - loop: backing_file, verified (it is that file, by its inode; unknown without root);
 *   - device mapper: uuid, device ("/dev/dm-0"), for root segments (how many) and
 *     targets ("linear 0+1048576, thin 1048576+65536": start and length in bytes);
 *   - md: level, consistency_policy; bcache: state, cache_mode; nbd: backend; zram: backing_dev;
 *   - disks: zoned, read_only, beyond (what can't be seen from here). */
struct cow_detail {
	const struct cow_detail *next; /**< in the order they should be shown; NULL ends */
	const char *key;               /**< lower_case, the JSON key */
	enum cow_detail_kind kind;
	const char *text; /**< COW_DETAIL_TEXT; may be any bytes when it holds a path */
	uint64_t number;  /**< COW_DETAIL_NUMBER, COW_DETAIL_BOOL (0 or 1) */
};

/** One layer. Made and freed by the library only; new fields are added at the end. */
struct cow_layer {
	const struct cow_layer *below; /**< first layer underneath, NULL at the bottom */
	const struct cow_layer *next;  /**< beside this one (raid, several devices), or NULL */
	const char *type; /**< "btrfs", "xfs", "overlay", "dm-thin", "md-raid1", "loop",
			     "partition", "disk", "nfs", ... */
	const char *name; /**< mount point of a filesystem, "/dev/..." of a device */
	enum cow_overwrite overwrite;
	enum cow_switch cow_switch;
	enum cow_evidence evidence;
	const char *reason;               /**< one line: why it overwrites like that */
	const struct cow_detail *details; /**< first detail or NULL */
};

struct cow_stack;

/** Find the layers under an open file, directory or block device. The descriptor may be O_PATH
 *  and is not kept. */
int cow_stack_new(int fd, struct cow_stack **ret_stack, struct cow_error *err);
/** The same for a path. A symlink is followed. */
int cow_stack_new_path(const char *path, struct cow_stack **ret_stack, struct cow_error *err);
void cow_stack_free(struct cow_stack *stack);

/** The topmost layer: the filesystem the path is on, or the block device it names. Never NULL. */
const struct cow_layer *cow_stack_top(const struct cow_stack *stack);

/** A detail of one layer by its key, or NULL. */
const struct cow_detail *cow_layer_detail(const struct cow_layer *layer, const char *key);
/** Its text, or NULL when it is absent, unknown or not a text. */
const char *cow_layer_detail_text(const struct cow_layer *layer, const char *key);
/** A yes-or-no detail; COW_ANSWER_UNKNOWN when it is absent or unknown. */
enum cow_answer cow_layer_detail_answer(const struct cow_layer *layer, const char *key);

#ifdef __cplusplus
}
#endif
#endif
