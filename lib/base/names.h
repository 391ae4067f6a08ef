/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BASE_NAMES_H
#define BASE_NAMES_H

#include <stddef.h>

/* Names, one behind the other, each with its NUL. Zero at first; free `texts` in the end. */
struct base_names {
	char *texts;
	size_t size, room;
};

/* Those that were there before may lie elsewhere afterwards. @return 0 or -ENOMEM */
int base_names_add(struct base_names *names, const char *name);
/* The one after `last`, NULL: the first. @return NULL when there is none. */
const char *base_names_next(const struct base_names *names, const char *last);

#endif
