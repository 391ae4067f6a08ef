/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <limits.h>

#include "base/error.h"
#include "base/temp.h"
#include "base/text.h"
#include "volume/volume.h"

COW_EXPORT const char *cow_volume_type_name(enum cow_volume_type type)
{
	static const char *const names[] = {
		[COW_VOLUME_TYPE_UNKNOWN] = "unknown",
		[COW_VOLUME_TYPE_FILE] = "file",
		[COW_VOLUME_TYPE_DIRECTORY] = "dir",
	};

	return BASE_NAME(names, type);
}

COW_EXPORT void cow_volume_free(struct cow_volume *volume)
{
	free(volume);
}

int volume_name_check(const char *name, struct cow_error *err)
{
	const char *why = NULL;

	if (!*name)
		why = "is empty";
	else if (base_equal(name, ".") || base_equal(name, ".."))
		why = "is a directory's own";
	else if (strchr(name, '/'))
		why = "holds a slash";
	else if (strlen(name) > NAME_MAX)
		why = "is longer than 255 bytes";
	else if (base_starts(name, BASE_TEMP_PREFIX))
		why = "is one of a temporary file";
	if (why)
		return base_refuse(err, EINVAL, COW_CODE_USAGE, "volume name %s %s",
				   BASE_QUOTE(name), why);
	return 0;
}

int volume_fail_to_find(const struct cow_pool *pool, const char *name, struct cow_error *err)
{
	return base_refuse(err, ENOENT, COW_CODE_NOT_FOUND, "no volume %s in pool %s",
			   BASE_QUOTE(name), BASE_QUOTE(pool->name));
}
