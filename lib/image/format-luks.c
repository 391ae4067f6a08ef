/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LUKS, both versions. Big-endian. Version 2 keeps the start of the data in JSON that may lie
 * anywhere behind the header: no size is given for it. */
#include <errno.h>

#include "image/format.h"

#define V1_HEADER_SIZE 592
#define SECTOR         UINT64_C(512)

int image_parse_luks(const struct image_source *source, struct cow_header *header)
{
	uint64_t payload = image_be32(source, 104) * SECTOR;

	if (!image_has(source, 0, "LUKS\xba\xbe", 6))
		return 0;
	header->version = image_be16(source, 6);
	header->encrypted = COW_ANSWER_YES;
	header->how = header->version == 2 ? COW_ENCRYPTED_LUKS2 : COW_ENCRYPTED_LUKS;
	if (header->version == 2)
		return 1;
	if (header->version != 1 || !image_at(source, 0, V1_HEADER_SIZE) ||
	    payload > source->file_size)
		return -EBADMSG;
	header->virtual_size = source->file_size - payload;
	return 1;
}
