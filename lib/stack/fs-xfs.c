/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/types.h>
#include <sys/ioctl.h>

#include "base/text.h"
#include "stack/block.h"
#include "stack/filesystem.h"

/* What this asks of XFS, as laid out by the kernel since 2.6 (xfs_fsop_geom_v4): its own header is
 * in a development package that nothing else here needs. */
struct geometry {
	__u32 sizes[8];
	__u64 data_blocks, realtime_blocks, realtime_extents, log_start;
	__u8 uuid[16];
	__u32 units[2];
	__s32 version;
	__u32 flags;
	__u32 more[4];
};

#define IOC_GEOMETRY     _IOR('X', 124, struct geometry)
#define GEOMETRY_REFLINK (1u << 20)
#define GEOMETRY_ZONED   (1u << 27)

static int ask(const struct stack_edge *edge, const struct stack_subject *subject,
	       struct geometry *geometry)
{
	BASE_CLEANUP(fd) int top = -1;

	if (subject->open >= 0)
		return ioctl(subject->open, IOC_GEOMETRY, geometry);
	top = stack_mount_open(edge, &subject->mount);
	return top < 0 ? -1 : ioctl(top, IOC_GEOMETRY, geometry);
}

/* A debugging knob of kernels built for that; where it is absent it is off. */
static bool always_cow(const struct stack_edge *edge)
{
	BASE_CLEANUP(free) char *value = stack_read(edge->root, "sys/fs/xfs/debug/always_cow");

	return value && !base_equal(value, "0");
}

/* Only data in the realtime section of a zoned filesystem is written to zones. */
static enum cow_answer lies_in_zones(const struct stack_subject *subject)
{
	struct fsxattr attributes = {0};

	if (subject->open < 0 || ioctl(subject->open, FS_IOC_FSGETXATTR, &attributes) < 0)
		return COW_ANSWER_UNKNOWN;
	return stack_answer(attributes.fsx_xflags & (FS_XFLAG_REALTIME | FS_XFLAG_RTINHERIT));
}

/* That blocks beside one that was shared may go elsewhere once as well can't be asked for (K21). */
void stack_xfs_judge(struct stack_builder *builder, struct cow_layer *layer,
		     const struct stack_subject *subject)
{
	struct geometry geometry = {0};
	bool known = ask(&builder->edge, subject, &geometry) == 0;
	bool reflink = geometry.flags & GEOMETRY_REFLINK, zoned = geometry.flags & GEOMETRY_ZONED;
	enum cow_answer zones = zoned ? lies_in_zones(subject) : COW_ANSWER_NO;

	stack_detail_answer(builder, layer, "reflink",
			    known ? stack_answer(reflink) : COW_ANSWER_UNKNOWN);
	stack_detail_answer(builder, layer, "zoned",
			    known ? stack_answer(zoned) : COW_ANSWER_UNKNOWN);
	if (!known)
		stack_layer_judge(builder, layer, COW_OVERWRITE_IN_PLACE, COW_SWITCH_NOT_NEEDED,
				  COW_EVIDENCE_INFERRED,
				  "XFS overwrites in place; shared blocks are copied once");
	else if (zones == COW_ANSWER_YES || (reflink && always_cow(&builder->edge)))
		stack_layer_judge(builder, layer, COW_OVERWRITE_COPIED, COW_SWITCH_NONE,
				  COW_EVIDENCE_REPORTED, "%s",
				  zones == COW_ANSWER_YES ? "zoned XFS writes all data anew"
							  : "XFS is set to always copy (debug)");
	else if (zones == COW_ANSWER_UNKNOWN)
		stack_layer_judge(builder, layer, COW_OVERWRITE_UNKNOWN, COW_SWITCH_NONE,
				  COW_EVIDENCE_NONE,
				  "zoned XFS, and whether this lies in the zones can't be read");
	else
		stack_layer_judge(
			builder, layer, COW_OVERWRITE_IN_PLACE, COW_SWITCH_NOT_NEEDED,
			COW_EVIDENCE_REPORTED, "%s",
			reflink ? "XFS overwrites in place; shared blocks are copied once, "
				  "then perhaps those beside them"
				: "XFS without reflink always overwrites in place");
}

void stack_xfs_below(struct stack_builder *builder, struct cow_layer *layer,
		     const struct stack_subject *subject, const struct stack_trail *trail)
{
	BASE_CLEANUP(free) char *realtime = stack_mount_option(&subject->mount, "rtdev");

	stack_device_below(builder, layer, subject, trail);
	if (realtime)
		stack_layer_put_below(layer, stack_block_probe_path(builder, realtime, trail));
}
