/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <string.h>

#include "stack/edge.h"

int stack_edge_open(const struct stack_edge *edge, const char *path, int flags)
{
	int fd;

	path += strspn(path, "/");
	fd = openat(edge->root, *path ? path : ".", flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

char *stack_read(int dirfd, const char *path)
{
	char *text = NULL;

	return base_read_text(dirfd, path, &text) < 0 ? NULL : text;
}

bool stack_exists(int dirfd, const char *path)
{
	return faccessat(dirfd, path, F_OK, 0) == 0;
}

static int by_name(const void *a, const void *b)
{
	/* as `ls -v`: loop2 before loop10 */
	return strverscmp(*(char *const *)a, *(char *const *)b);
}

static bool append(char ***names, size_t *count, const char *name)
{
	char **bigger = reallocarray(*names, *count + 2, sizeof(**names));

	if (!bigger)
		return false;
	*names = bigger;
	bigger[*count] = strdup(name);
	if (!bigger[*count])
		return false;
	bigger[++*count] = NULL;
	return true;
}

size_t stack_list(int dirfd, const char *path, char ***ret_names)
{
	BASE_CLEANUP(names) char **names = NULL;
	BASE_CLEANUP(dir) DIR *dir = NULL;
	const struct dirent *entry;
	size_t count = 0;
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	while (errno = 0, entry = readdir(dir))
		if (entry->d_name[0] != '.' && !append(&names, &count, entry->d_name))
			return 0;
	if (errno)
		return 0;
	if (count)
		qsort(names, count, sizeof(*names), by_name);
	*ret_names = base_take(names);
	return count;
}

void stack_names_free(char **names)
{
	for (char **name = names; name && *name; name++)
		free(*name);
	free(names);
}
