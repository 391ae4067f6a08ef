/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PROBE_MEASURE_H
#define PROBE_MEASURE_H

#include <stdbool.h>

#include <cow/types.h>

/* What trying it showed, on one unnamed temporary file in a directory. Answers that could not be
 * had are unknown, and `why_not` says what stood in the way of measuring. */
struct probe_measurement {
	enum cow_overwrite as_born;       /* a new file here, as the directory makes it */
	enum cow_overwrite as_born_page;  /* the same for a single page: f2fs differs there */
	enum cow_answer born_nocow;       /* it came with NOCOW */
	enum cow_answer settable;         /* NOCOW could be set on it while empty, and read back */
	enum cow_answer conflict;         /* only after its compression flags were cleared */
	enum cow_answer flagged_in_place; /* with NOCOW set, an overwrite stayed in place */
	char why_not[160];
};

/* Measure in a directory (any descriptor, O_PATH included). Leaves no trace: the file never has a
 * name and the directory's times do not change. Takes some 5 to 20 ms. Where the filesystem has no
 * unnamed files, `named` allows for one that loses its name before anything is written to it. */
void probe_measure(int dirfd, bool named, struct probe_measurement *ret);

#endif
