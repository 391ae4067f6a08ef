/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PROBE_FILE_STATE_H
#define PROBE_FILE_STATE_H

#include <cow/probe.h>

/* Pure: what the flag, the sharing and the age of a file come to on its filesystem. Fills
 * overwrite, evidence and reason out of the rest. */
void probe_file_judge(const struct cow_layer *layer, struct cow_file_state *state);

#endif
