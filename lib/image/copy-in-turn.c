/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "image/copy.h"

int image_copy_in_turn(struct image_copy *copy, struct cow_error *err)
{
	BASE_CLEANUP(free) void *buffer = image_buffer_new();
	struct image_copy_cursor cursor = {0};
	int r;

	if (!buffer)
		return base_fail(err, ENOMEM, "copy %s", BASE_QUOTE(copy->name));
	while ((r = image_copy_next(copy, &cursor, err)) > 0) {
		r = image_copy_read(copy, &cursor, buffer, err);
		if (r == 0)
			r = image_copy_write(copy, &cursor, buffer, err);
		if (r < 0)
			break;
	}
	return r;
}
