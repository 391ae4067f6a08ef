/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <string.h>

#include "volume/names.h"
#include "volume/volume.h"

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Only when all texts are where they stay. While a directory is changed a name may be read twice.
 */
static int sort(struct volume_names *names)
{
	size_t count = names->count;
	char *text = names->texts.texts;

	names->names = calloc(count + 1, sizeof(names->names[0]));
	if (!names->names)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++, text += strlen(text) + 1)
		names->names[i] = text;
	qsort(names->names, count, sizeof(names->names[0]), by_bytes);
	names->count = 0;
	for (size_t i = 0; i < count; i++)
		if (!i || strcmp(names->names[i], names->names[i - 1]) != 0)
			names->names[names->count++] = names->names[i];
	return 0;
}

int volume_names_read(struct volume_names *names, int dirfd)
{
	BASE_CLEANUP(directory)
	DIR *stream = base_directory_stream(fcntl(dirfd, F_DUPFD_CLOEXEC, 0));
	const struct dirent *entry;
	int r = 0;

	if (!stream)
		return -errno;
	while (r == 0 && (errno = 0, entry = readdir(stream)))
		if (volume_name_check(entry->d_name, NULL) == 0) {
			r = base_names_add(&names->texts, entry->d_name);
			names->count++;
		}
	if (r == 0)
		r = -errno;
	return r < 0 ? r : sort(names);
}

void base_cleanup_volume_names(struct volume_names *names)
{
	free(names->names);
	free(names->texts.texts);
}
