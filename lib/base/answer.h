/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BASE_ANSWER_H
#define BASE_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

/* Does what lies at a path answer, be it with an error? A server that is gone, or a filesystem in a
 * program that is, would have whoever looks wait for ever. */
bool base_answers(const char *path);
/* The same of several, for all of which together it takes no longer. NULL: no. */
void base_answers_each(const char *const *paths, size_t count, bool *ret);

/* Where somebody has waited in vain: until that answers after all, as a disk does that had to start
 * turning, nothing that lies there or below is asked any more, for each question takes its time and
 * leaves a thread behind. Zero at first; several threads may share it. */
struct base_silent;
struct base_silence {
	_Atomic(struct base_silent *) first;
};

/* The same for one of many paths. */
bool base_answers_yet(struct base_silence *silence, const char *path);
void base_silence_clear(struct base_silence *silence);

static inline void base_cleanup_silence(struct base_silence *silence)
{
	base_silence_clear(silence);
}

/* Wait until it does. */
void base_await(const char *path);

#endif
