/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qcow version 1, in QEMU's words simply "qcow". Big-endian. */
#include <errno.h>

#include "image/format.h"

#define HEADER_SIZE 48

int image_parse_qcow(const struct image_source *source, struct cow_header *header)
{
	uint64_t backing = image_be64(source, 8);
	uint32_t backing_size = image_be32(source, 16);
	uint8_t cluster_bits;

	if (!image_has(source, 0, "QFI\xfb\0\0\0\1", 8))
		return 0;
	header->version = 1;
	if (!image_at(source, 0, HEADER_SIZE))
		return -EBADMSG;
	header->virtual_size = image_be64(source, 24);
	image_take_method(image_be32(source, 36), header);
	cluster_bits = *image_at(source, 32, 1);
	if (cluster_bits < 9 || cluster_bits > 16 || header->virtual_size > INT64_MAX)
		return -EBADMSG;
	if (backing) {
		int r = backing_size > 1023
				? -EBADMSG
				: image_name(source, backing, backing_size, &header->backing);
		if (r < 0)
			return r;
	}
	return 1;
}
