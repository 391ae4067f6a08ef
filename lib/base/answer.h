/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BASE_ANSWER_H
#define BASE_ANSWER_H

#include <stdbool.h>

/* Does what lies at a path answer, be it with an error? A server that is gone, or a filesystem in a
 * program that is, would have whoever looks wait for ever. */
bool base_answers(const char *path);

/* Wait until it does. */
void base_await(const char *path);

#endif
