/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Optical discs: ISO 9660, or the descriptor that begins a UDF volume (ECMA-167). To a guest they
 * are as big as the file. */
#include "image/format.h"

#define DESCRIPTORS 32768

int image_parse_iso(const struct image_source *source, struct cow_header *header)
{
	if (!image_has(source, DESCRIPTORS + 1, "CD001", 5) &&
	    !image_has(source, DESCRIPTORS + 1, "BEA01", 5))
		return 0;
	header->virtual_size = source->file_size;
	return 1;
}
