/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The input is a mountinfo; asked for is the mount of its first line. */
#include <string.h>

#include "stack/mount.h"

#include "target.h"

static void check_option(const struct stack_mount *mount, const char *name)
{
	char *value = stack_mount_option(mount, name);

	FUZZ_CHECK(stack_mount_has(mount, name) == (value != NULL));
	FUZZ_CHECK(!value || strlen(value) <= strlen(mount->options));
	free(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"ro", "nodatacow", "subvol", "upperdir", "logdev"};
	char *text = strndup((const char *)data, size);
	struct stack_mount mount = {0};
	int id = (int)strtol(text, NULL, 10), r;
	FILE *stream = size ? fmemopen(text, strlen(text) + !*text, "r") : NULL;

	if (stream) {
		r = stack_mount_parse(stream, id, &mount);
		fclose(stream);
		FUZZ_CHECK(r <= 0 && (r == 0) == (mount.type != NULL));
	}
	if (mount.type) {
		FUZZ_CHECK(mount.id == id);
		FUZZ_CHECK(mount.source && mount.target && mount.root && mount.options);
		for (size_t i = 0; i < BASE_ARRAY_SIZE(names); i++)
			check_option(&mount, names[i]);
		stack_mount_clear(&mount);
	}
	free(text);
	return 0;
}
