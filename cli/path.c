/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

const char *cli_quote(const char *name, char buffer[CLI_QUOTE_MAX])
{
	buffer[0] = '\'';
	cow_name_escape(name, buffer + 1, CLI_QUOTE_MAX - 2);
	strcat(buffer, "'");
	return buffer;
}

/* Nothing in it is escaped: so it is with most, and a table has hundreds of thousands. */
static bool is_plain(const char *name)
{
	while (*name >= ' ' && *name <= '~' && *name != '\\')
		name++;
	return !*name;
}

char *cli_escape(const char *name)
{
	size_t size = 4 * strlen(name) + 4;
	char *text, *ascii, *to;

	if (is_plain(name))
		return cli_copy(name);
	text = cow_name_escape(name, cli_allocate(size), size);
	if (!strcmp(nl_langinfo(CODESET), "UTF-8"))
		return text;
	ascii = to = cli_allocate(4 * strlen(text) + 1);
	for (const char *from = text; *from; from++)
		to += sprintf(to, (unsigned char)*from < 0x80 ? "%c" : "\\x%02x",
			      (unsigned char)*from);
	free(text);
	return ascii;
}

bool cli_is_there(const char *path)
{
	return !faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW);
}

bool cli_is_path(const char *operand)
{
	return strchr(operand, '/') || cli_is_there(operand);
}

int cli_open_parent(struct cli_call *call, const char *path, const char **ret_name,
		    char **ret_directory)
{
	const char *slash = strrchr(path, '/');
	char *directory CLI_CLEANUP(text) =
		slash ? cli_format("%.*s", (int)(slash - path) + 1, path) : cli_format(".");
	int fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) {
		cli_error_system(call, errno, "open the directory %s", CLI_QUOTE(directory));
		return -1;
	}
	*ret_name = !slash ? path : slash[1] ? slash + 1 : ".";
	if (ret_directory) {
		*ret_directory = directory;
		directory = NULL;
	}
	return fd;
}
