/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PROBE_VERDICT_H
#define PROBE_VERDICT_H

#include <sys/types.h>

#include <cow/probe.h>

#include "probe/measure.h"

/* All that was found out about one path, before anything is concluded from it. */
struct probe_input {
	const struct cow_layer *layer; /* the topmost one */
	mode_t mode;                   /* of what was looked at */
	struct probe_measurement measured;
	enum cow_answer directory_nocow; /* when it was not measured */
	struct cow_file_state file;      /* of a regular file that could be read */
	int file_problem;                /* errno: it could not */
};

struct probe_verdict {
	char reason[320];
	char remedy[256];
};

/* Pure: fill the answers of a probe (its nocow, compress and exists are set already). */
void probe_fold(const struct probe_input *input, struct cow_probe *probe,
		struct probe_verdict *ret);

/* Pure: what `state` is through all layers, when it is what was found of a file in the filesystem
 * `top` alone. */
void probe_fold_below(const struct cow_layer *top, struct cow_file_state *state);

#endif
