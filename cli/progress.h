/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct cli_call;

/* Show how far long work has come: a bar on a terminal, a JSON line with --progress=json, nothing
 * otherwise; at most ten times per second. `subject` is the file worked on, `phase` one word.
 * total is 0 while it is not known. */
void cli_progress(struct cli_call *call, const char *subject, const char *phase, uint64_t done,
		  uint64_t total);
/* The same as a callback of the library, which stops when cli_interrupted(). */
struct cli_shown {
	struct cli_call *call;
	const char *subject, *phase;
};
int cli_progress_show(uint64_t done, uint64_t total, void *shown);
/* Wipe the bar off, as before any other line to stderr. */
void cli_progress_clear(struct cli_call *call);

/* From now on SIGINT, SIGTERM and SIGHUP only set a flag, to be asked for by whatever works. */
void cli_interrupt_catch(void);
bool cli_interrupted(void);
/* It was as good a way as any to end what was done. */
void cli_interrupt_forget(void);

#endif
