/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdbool.h>
#include <string.h>
#include <sys/xattr.h>

#include "attr/label.h"
#include "base/error.h"

#define NAME      "security.selinux"
#define LABEL_MAX 1024

/* With the NUL at its end or without: the kernel takes and gives either. */
static bool has_label(int fd, const char *label)
{
	char there[LABEL_MAX + 1];
	ssize_t n = fgetxattr(fd, NAME, there, LABEL_MAX);

	if (n < 0)
		return false;
	there[n] = '\0';
	return !strcmp(there, label);
}

int attr_set_label(int fd, const char *label, const char *path, struct cow_error *err)
{
	if (!label || has_label(fd, label))
		return 0;
	if (strlen(label) >= LABEL_MAX)
		return base_fail(err, EINVAL, "the label of %s is too long", BASE_QUOTE(path));
	if (fsetxattr(fd, NAME, label, strlen(label) + 1, 0) < 0)
		return base_remedy(err,
				   base_fail(err, errno, "give %s the label %s", BASE_QUOTE(path),
					     BASE_QUOTE(label)),
				   "leave out <label>");
	if (!has_label(fd, label))
		return base_refuse(err, EOPNOTSUPP, COW_CODE_NOT_HONOURED,
				   "the label of %s does not read back as set", BASE_QUOTE(path));
	return 0;
}
