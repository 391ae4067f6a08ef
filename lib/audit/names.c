/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "audit/names.h"
#include "base/fd.h"

void audit_names_free(struct audit_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->entries[i]);
	free(names->entries);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp((*(struct dirent *const *)a)->d_name, (*(struct dirent *const *)b)->d_name);
}

static bool is_dots(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

static int add_name(struct audit_names *names, size_t *room, const struct dirent *entry)
{
	struct dirent *copy;

	if (names->count == *room) {
		size_t wanted = *room ? *room * 2 : 64;
		void *entries = reallocarray(names->entries, wanted, sizeof(copy));

		if (!entries)
			return -ENOMEM;
		names->entries = entries;
		*room = wanted;
	}
	copy = malloc(entry->d_reclen);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, entry, entry->d_reclen);
	names->entries[names->count++] = copy;
	return 0;
}

int audit_names_read(struct audit_names *names, int directory)
{
	DIR *stream = base_directory_stream(fcntl(directory, F_DUPFD_CLOEXEC, 0));
	struct dirent *entry;
	size_t room = 0;
	int r = 0;

	if (!stream)
		return -errno;
	while (r == 0 && (errno = 0, entry = readdir(stream)))
		if (!is_dots(entry->d_name))
			r = add_name(names, &room, entry);
	if (r == 0)
		r = -errno;
	closedir(stream);
	if (names->count)
		qsort(names->entries, names->count, sizeof(struct dirent *), compare_names);
	return r;
}

unsigned char audit_names_type(const struct dirent *entry, int directory)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type;
	if (fstatat(directory, entry->d_name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0)
		/* Gone, or opening it will say what is wrong. */
		return errno == ENOENT ? DT_UNKNOWN : DT_REG;
	return IFTODT(st.st_mode);
}
