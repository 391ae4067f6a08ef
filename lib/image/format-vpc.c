/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VHD, "vpc" to QEMU: a footer in the last sector, with a copy of it in the first one unless the
 * disk is of fixed size. Big-endian. */
#include <errno.h>
#include <string.h>

#include "base/macro.h"
#include "image/format.h"

#define FOOTER_SIZE UINT64_C(512)
#define SECTOR      UINT64_C(512)
#define TYPE_FIXED  2
#define TYPE_LAST   4
#define TYPE_DIFF   4
/* The geometry that says no more than "this big or bigger". */
#define GEOMETRY_MAX (UINT64_C(65535) * 16 * 255)

/* The complement of the sum of all bytes but the checksum's own. */
static bool checksum_is_right(const struct image_source *source, uint64_t footer)
{
	const uint8_t *at = image_at(source, footer, FOOTER_SIZE);
	uint32_t sum = 0;

	for (uint64_t i = 0; at && i < FOOTER_SIZE; i++)
		if (i < 64 || i >= 68)
			sum += at[i];
	return at && ~sum == image_be32(source, footer + 64);
}

/* Virtual PC and old QEMU present the geometry to the guest, everybody else the exact size. QEMU
 * knows these creators as exact ones. */
static bool is_exact(const struct image_source *source, uint64_t footer)
{
	static const char creators[][5] = {"win ", "qem2", "d2v ", "tap", "CTXS", "wa"};

	for (size_t i = 0; i < BASE_ARRAY_SIZE(creators); i++)
		if (image_has(source, footer + 28, creators[i], 4))
			return true;
	return false;
}

static uint64_t virtual_size(const struct image_source *source, uint64_t footer)
{
	const uint8_t *at = image_at(source, footer, FOOTER_SIZE);
	uint64_t sectors = (uint64_t)image_be16(source, footer + 56) * at[58] * at[59];

	if (is_exact(source, footer) || sectors == GEOMETRY_MAX)
		return image_be64(source, footer + 48);
	return sectors * SECTOR;
}

int image_parse_vpc(const struct image_source *source, struct cow_header *header)
{
	uint64_t footer = 0, dynamic;
	uint32_t type;

	if (!image_has(source, 0, "conectix", 8)) {
		/* A guest can write to the last sector of a raw disk: nothing less than a whole,
		 * right footer is taken for one there. */
		footer = source->file_size - FOOTER_SIZE;
		if (source->file_size <= FOOTER_SIZE || !image_has(source, footer, "conectix", 8) ||
		    image_be32(source, footer + 60) != TYPE_FIXED ||
		    !checksum_is_right(source, footer))
			return 0;
	}
	if (!checksum_is_right(source, footer))
		return -EBADMSG;
	header->virtual_size = virtual_size(source, footer);
	type = image_be32(source, footer + 60);
	if (type < TYPE_FIXED || type > TYPE_LAST || header->virtual_size > INT64_MAX)
		return -EBADMSG;
	if (type != TYPE_DIFF)
		return 1;
	dynamic = image_be64(source, footer + 16);
	if (!image_has(source, dynamic, "cxsparse", 8))
		return -EBADMSG;
	header->backing_format = COW_FORMAT_VPC;
	if (image_name_utf16be(source, dynamic + 64, 512, &header->backing) == -ENOMEM)
		return -ENOMEM;
	return 1;
}
