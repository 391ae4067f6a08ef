/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BASE_MACRO_H
#define BASE_MACRO_H

/* Words the compiler checks for us, and the one macro that makes cleanup attributes. */

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#define COW_EXPORT              __attribute__((visibility("default")))
#define BASE_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define BASE_STRING(value)      BASE_STRING_OF(value)
#define BASE_STRING_OF(text)    #text
#define BASE_ARRAY_SIZE(array)  (sizeof(array) / sizeof((array)[0]))

/* DEFINE_CLEANUP(name, type, call, empty): BASE_CLEANUP(name) on a variable of this type calls
 * `call` when it goes out of scope, unless it is `empty`; errno stays as it was. */
#define DEFINE_CLEANUP(name, type, call, empty)                                                    \
	static inline void base_cleanup_##name(type *variable)                                     \
	{                                                                                          \
		int saved = errno;                                                                 \
		if (*variable != (empty))                                                          \
			call(*variable);                                                           \
		errno = saved;                                                                     \
	}
#define BASE_CLEANUP(name) __attribute__((cleanup(base_cleanup_##name), unused))

/* Hand a value over to somebody else: the variable is left empty for its cleanup. */
#define base_take(pointer)                                                                         \
	({                                                                                         \
		__typeof__(pointer) *base_from = &(pointer);                                       \
		__typeof__(pointer) base_value = *base_from;                                       \
		*base_from = NULL;                                                                 \
		base_value;                                                                        \
	})

static inline void base_cleanup_free(void *variable)
{
	int saved = errno;
	free(*(void **)variable);
	errno = saved;
}

#endif
