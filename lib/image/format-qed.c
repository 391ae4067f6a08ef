/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* QEMU enhanced disks, superseded by qcow2 version 3. Little-endian. */
#include <errno.h>

#include "image/format.h"

#define HEADER_SIZE      64
#define FEATURE_BACKING  0x1u
#define FEATURE_RAW      0x4u /* the backing file is raw, whatever it looks like */
#define CLUSTER_SIZE_MIN (UINT64_C(4) << 10)
#define CLUSTER_SIZE_MAX (UINT64_C(64) << 20)

int image_parse_qed(const struct image_source *source, struct cow_header *header)
{
	uint64_t cluster = image_le32(source, 4), features = image_le64(source, 16);
	int r;

	if (!image_has(source, 0, "QED", 4))
		return 0;
	header->virtual_size = image_le64(source, 48);
	if (!image_at(source, 0, HEADER_SIZE) || header->virtual_size > INT64_MAX ||
	    cluster < CLUSTER_SIZE_MIN || cluster > CLUSTER_SIZE_MAX)
		return -EBADMSG;
	if (!(features & FEATURE_BACKING))
		return 1;
	r = image_name(source, image_le32(source, 56), image_le32(source, 60), &header->backing);
	if (r < 0)
		return r;
	if (features & FEATURE_RAW)
		header->backing_format = COW_FORMAT_RAW;
	return 1;
}
