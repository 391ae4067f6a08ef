/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VHDX. The disk's size and its parent's name are in tables a megabyte or more into the file, far
 * beyond what is read of other headers: they are not reported. */
#include "image/format.h"

int image_parse_vhdx(const struct image_source *source, struct cow_header *header)
{
	(void)header;
	return image_has(source, 0, "vhdxfile", 8);
}
