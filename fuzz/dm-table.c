/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The input is the number of segments in one byte, then the kernel's answer to DM_TABLE_STATUS. */
#include <string.h>

#include "stack/dm.h"

#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stack_dm_table table = {0};

	if (!size || stack_dm_table_parse(data + 1, size - 1, data[0], &table) < 0) {
		FUZZ_CHECK(!table.segments && !*table.worst && !*table.targets);
		return 0;
	}
	FUZZ_CHECK(table.segments == data[0] && table.segments > 0);
	FUZZ_CHECK(*table.worst && strnlen(table.worst, sizeof(table.worst)) < sizeof(table.worst));
	FUZZ_CHECK(strnlen(table.targets, sizeof(table.targets)) < sizeof(table.targets));
	FUZZ_CHECK(strstr(table.targets, " 0+"));
	return 0;
}
