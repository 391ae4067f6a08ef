/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An index of volumes with a checksum that is always right: who forges one gets that right too.
 * Every record that is taken is found under its name, and its texts end. */
#include <string.h>

#include "volume/index.h"

#include "target.h"

/* What the seeds are of. */
static const struct volume_directory directory = {.filesystem = 7, .inode = 256};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct volume_index index = {0};
	void *copy = malloc(size + !size);

	FUZZ_CHECK(copy);
	memcpy(copy, data, size);
	volume_index_seal(copy, size);
	if (volume_index_take(copy, size, &directory, &index) < 0)
		return 0;
	for (size_t i = 0; i < index.count; i++) {
		const struct volume_record *record = &index.records[i];

		FUZZ_CHECK(index.texts[record->name]);
		FUZZ_CHECK(volume_index_find(&index, index.texts + record->name) == record);
		FUZZ_CHECK(strlen(index.texts + record->backing) < size);
		FUZZ_CHECK(record->capacity <= INT64_MAX);
	}
	FUZZ_CHECK(!volume_index_find(&index, ""));
	free(index.data);
	return 0;
}
