/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AUDIT_NAMES_H
#define AUDIT_NAMES_H

#include <dirent.h>
#include <stddef.h>

/* What is in a directory, sorted by name; zero it first. Read all at once: sorting needs that, and
 * a long look at the images meanwhile must not keep a reading position in a directory that changes.
 */
struct audit_names {
	struct dirent **entries;
	size_t count, next;
};

/* Also after a failure there may be some. @return 0 or -errno. */
int audit_names_read(struct audit_names *names, int directory);
void audit_names_free(struct audit_names *names);

/* @return DT_UNKNOWN when it is gone. */
unsigned char audit_names_type(const struct dirent *entry, int directory);

#endif
