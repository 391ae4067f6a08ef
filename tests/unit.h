/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

/* What a unit test needs: CHECK and friends print where and what failed and go on, so one run
 * shows everything; main ends with `return unit_status();`. Exit 77 is a skip. */

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int unit_failures;

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);  \
			unit_failures++;                                                           \
		}                                                                                  \
	} while (0)

#define CHECK_NUMBER(actual, expected)                                                             \
	do {                                                                                       \
		intmax_t unit_actual = (intmax_t)(actual), unit_expected = (intmax_t)(expected);   \
		if (unit_actual != unit_expected) {                                                \
			fprintf(stderr, "%s:%d: %s is %jd, not %jd\n", __FILE__, __LINE__,         \
				#actual, unit_actual, unit_expected);                              \
			unit_failures++;                                                           \
		}                                                                                  \
	} while (0)

#define CHECK_TEXT(actual, expected)                                                               \
	do {                                                                                       \
		const char *unit_actual = (actual), *unit_expected = (expected);                   \
		if (!unit_actual || strcmp(unit_actual, unit_expected)) {                          \
			fprintf(stderr, "%s:%d: %s is \"%s\", not \"%s\"\n", __FILE__, __LINE__,   \
				#actual, unit_actual ? unit_actual : "(null)", unit_expected);     \
			unit_failures++;                                                           \
		}                                                                                  \
	} while (0)

static inline int unit_status(void)
{
	return unit_failures ? EXIT_FAILURE : EXIT_SUCCESS;
}

#define UNIT_SKIP(reason)                                                                          \
	do {                                                                                       \
		fprintf(stderr, "SKIP: %s\n", reason);                                             \
		exit(77);                                                                          \
	} while (0)

#endif
