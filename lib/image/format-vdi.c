/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VirtualBox disks. Little-endian. A differencing image names its parent by UUID only, so there
 * is never a backing name. */
#include <errno.h>

#include "image/format.h"

#define MAGIC_AT    64
#define HEADER_SIZE 512

int image_parse_vdi(const struct image_source *source, struct cow_header *header)
{
	uint64_t size = image_le64(source, 368);
	uint64_t blocks = image_le32(source, 384), block_size = image_le32(source, 376);

	if (!image_has(source, MAGIC_AT, "\x7f\x10\xda\xbe", 4))
		return 0;
	header->virtual_size = size;
	if (!image_at(source, 0, HEADER_SIZE) || size > INT64_MAX || !block_size ||
	    blocks * block_size < size)
		return -EBADMSG;
	return 1;
}
