/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ATTR_LABEL_H
#define ATTR_LABEL_H

#include <cow/error.h>

/* Give an open file or directory its SELinux label and read it back; NULL leaves what it has.
 * `path` is for messages. */
int attr_set_label(int fd, const char *label, const char *path, struct cow_error *err);

#endif
