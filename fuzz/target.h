/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FUZZ_TARGET_H
#define FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* What a fuzz target defines: called by libFuzzer with -Dfuzz=true, by replay.c otherwise. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must be true of any input. Not assert(): it has to hold in every kind of build. */
#define FUZZ_CHECK(condition)                                                                      \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

#endif
