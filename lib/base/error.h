/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <cow/error.h>

#include "base/macro.h"

/* Fill an error where it happens and return -errnum, so that a failure is one statement:
 *	return base_fail(err, errno, "open %s", BASE_QUOTE(path));
 * The code follows from errnum; base_fail_code() is for where it doesn't. err may be NULL. */
int base_fail(struct cow_error *err, int errnum, const char *format, ...) BASE_PRINTF(3, 4);
int base_fail_code(struct cow_error *err, int errnum, enum cow_code code, const char *format, ...)
	BASE_PRINTF(4, 5);

/* The same where the message says the whole cause, and the errno's own text would only cloud it:
 * returns -errnum but leaves err->errnum 0. */
int base_refuse(struct cow_error *err, int errnum, enum cow_code code, const char *format, ...)
	BASE_PRINTF(4, 5);

/* Add what would help to an error just filled. Returns -err->errnum through, for tail calls:
 *	return base_remedy(err, base_fail(err, ...), "close it"); */
int base_remedy(struct cow_error *err, int result, const char *format, ...) BASE_PRINTF(3, 4);

/* The same failure as `cause`, saying in front of its message where it happened. Returns result
 * through. */
int base_fail_in(struct cow_error *err, int result, const struct cow_error *cause,
		 const char *format, ...) BASE_PRINTF(4, 5);

/* A name in single quotes, escaped to one line; lives until the end of the enclosing block. */
#define BASE_QUOTE_MAX   260
#define BASE_QUOTE(name) base_quote((name), (char[BASE_QUOTE_MAX]){0})
const char *base_quote(const char *name, char buffer[BASE_QUOTE_MAX]);

#endif
