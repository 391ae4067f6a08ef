/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An index of volumes with a version, a size and a checksum that are always right: who forges one
 * gets these right too, and seeds stay what they are when the version is raised.
 * Every record that is taken is found under its name, and its texts end. */
#include <string.h>

#include "volume/index.h"

#include "target.h"

/* What the seeds are of. */
static const struct volume_directory directory = {.filesystem = 7, .inode = 256};

#define SIZE (2 * sizeof(uint64_t)) /* where it lies in the head */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct volume_index index = {0};
	uint64_t whole = size;
	char *copy = malloc(size + !size);

	FUZZ_CHECK(copy);
	memcpy(copy, data, size);
	if (size >= SIZE + sizeof(whole))
		memcpy(copy + SIZE, &whole, sizeof(whole));
	volume_index_seal(copy, size);
	if (volume_index_take(copy, size, &directory, &index) < 0)
		return 0;
	for (const char *at = index.begin; at < index.end; at = index.at) {
		const struct volume_record *record = (const void *)at;
		const char *backing = volume_record_backing(record);

		FUZZ_CHECK(record->texts[0]);
		FUZZ_CHECK(volume_index_find(&index, record->texts) == record);
		FUZZ_CHECK(index.at == at + volume_record_size(record));
		FUZZ_CHECK(!backing || strlen(backing) < size);
		FUZZ_CHECK(record->capacity <= INT64_MAX);
		FUZZ_CHECK(record->format <= COW_FORMAT_ISO);
	}
	FUZZ_CHECK(!volume_index_find(&index, ""));
	free(index.data);
	return 0;
}
