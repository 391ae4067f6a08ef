/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The input is a whole file: its two ends are taken as cow_header_read() takes them. */
#include <string.h>

#include <cow/image.h>

#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t head = size < COW_HEADER_HEAD ? size : COW_HEADER_HEAD;
	size_t tail = size < COW_HEADER_TAIL ? size : COW_HEADER_TAIL;
	struct cow_header header = {0};

	if (cow_header_parse(data, head, data + size - tail, tail, size, &header) < 0)
		return 0;
	FUZZ_CHECK(header.format != COW_FORMAT_UNKNOWN);
	FUZZ_CHECK(cow_format_from_name(cow_format_name(header.format)) == header.format);
	FUZZ_CHECK(header.damaged != COW_ANSWER_UNKNOWN);
	FUZZ_CHECK(header.virtual_size <= INT64_MAX);
	if (header.backing)
		FUZZ_CHECK(header.backing[0] && strlen(header.backing) < COW_HEADER_HEAD);
	cow_header_clear(&header);
	return 0;
}
