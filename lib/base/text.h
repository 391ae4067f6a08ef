/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/macro.h"

/* A formatted string, NULL when out of memory. */
char *base_format(const char *format, ...) BASE_PRINTF(1, 2);

/* snprintf that ends a text cut short in "..." instead of losing its end silently. */
void base_copy_format(char *buffer, size_t size, const char *format, ...) BASE_PRINTF(3, 4);
void base_copy(char *buffer, size_t size, const char *text);

static inline bool base_equal(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

static inline bool base_starts(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

/* How many bytes a unit of libvirt's is, in letters of either case: K and KiB are 1024, KB is 1000.
 * 0: it is none. */
uint64_t base_size_unit(const char *unit);

/* One of a closed vocabulary by its value, names[0] for any other. */
#define BASE_NAME(names, value)                                                                    \
	((names)[(size_t)(value) < BASE_ARRAY_SIZE(names) ? (size_t)(value) : 0])

#endif
