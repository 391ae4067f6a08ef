/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/text.h"
#include "stack/udev.h"

char *stack_udev_content(const struct stack_edge *edge, dev_t number)
{
	static const char key[] = "\nE:ID_FS_TYPE=";
	BASE_CLEANUP(free) char *text = NULL;
	char path[64];
	const char *value;

	snprintf(path, sizeof(path), "run/udev/data/b%u:%u", major(number), minor(number));
	text = stack_read(edge->root, path);
	if (!text)
		return NULL;
	if (base_starts(text, key + 1))
		value = text + strlen(key + 1);
	else if ((value = strstr(text, key)))
		value += strlen(key);
	return value ? strndup(value, strcspn(value, "\n")) : NULL;
}
