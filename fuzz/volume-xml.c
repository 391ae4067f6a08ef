/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A volume's definition: whatever is taken has a name, and sizes that a file can have. */
#include <string.h>

#include <cow/volume.h>

#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cow_volume_definition *definition = NULL;
	const struct cow_volume_create_options *options;
	struct cow_error err = {0};

	cow_volume_validate_xml((const char *)data, size, NULL);
	if (cow_volume_definition_new_xml((const char *)data, size, &definition, &err) < 0) {
		FUZZ_CHECK(err.message[0] && cow_text_is_utf8(err.message));
		FUZZ_CHECK(!strchr(err.message, '\n') && !strchr(err.message, '\x1b'));
		return 0;
	}
	options = &definition->options;
	FUZZ_CHECK(options->name && cow_text_is_utf8(options->name));
	FUZZ_CHECK(options->capacity <= INT64_MAX);
	FUZZ_CHECK(options->allocation <= INT64_MAX ||
		   options->allocation == COW_VOLUME_ALLOCATE_ALL);
	FUZZ_CHECK(options->mode <= 07777);
	cow_volume_definition_free(definition);
	return 0;
}
