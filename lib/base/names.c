/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"

#define ROOM 4096

int base_names_add(struct base_names *names, const char *name)
{
	size_t size = strlen(name) + 1;

	if (names->size + size > names->room) {
		size_t room = 2 * names->room + size + ROOM;
		char *texts = realloc(names->texts, room);

		if (!texts)
			return -ENOMEM;
		names->texts = texts;
		names->room = room;
	}
	memcpy(names->texts + names->size, name, size);
	names->size += size;
	return 0;
}

const char *base_names_next(const struct base_names *names, const char *last)
{
	const char *next = last ? last + strlen(last) + 1 : names->texts;

	return names->size && next < names->texts + names->size ? next : NULL;
}
