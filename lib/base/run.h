/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BASE_RUN_H
#define BASE_RUN_H

#include <cow/error.h>

/* Milliseconds of a clock that nobody sets. */
long base_now_ms(void);

/* Run a program and wait for it: argv array, C locale, stdin from /dev/null, all descriptors closed
 * but stdout, stderr and keep_fd (-1 for none, inherited under the same number).
 * When the caller is killed so is the program, as with the thread that waits for it.
 * On failure the error carries the last line the program wrote to stderr.
 * @param timeout_ms killed after this; 0 for no limit.
 * @param ret_output what it wrote to stdout, up to 16 MiB, to be freed; may be NULL.
 * @return 0 when it exited with 0. */
int base_run(const char *const *argv, int keep_fd, int timeout_ms, char **ret_output,
	     struct cow_error *err);

/* Asked ten times a second while the program runs; anything but 0 has it killed: -ECANCELED. */
struct base_watch {
	int (*step)(void *data);
	void *data;
	const int *input; /* a descriptor that is its stdin, or NULL */
};
int base_run_watched(const char *const *argv, int keep_fd, int timeout_ms,
		     const struct base_watch *watch, char **ret_output, struct cow_error *err);

#endif
