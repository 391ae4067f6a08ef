/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef IMAGE_PACE_H
#define IMAGE_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Keeping to a rate, so that a host that is busy with guests hardly notices. */
struct image_pace {
	uint64_t rate; /* bytes a second, 0: as fast as can be */
	uint64_t due;  /* when what went through so far may have, in nanoseconds; zero it first */
};

/* So many bytes went through. */
void image_pace_add(struct image_pace *pace, uint64_t bytes);
/* Wait until that was slow enough, or for a tenth of a second, or for a signal.
 * @return true: it was not slow enough yet */
bool image_pace_wait(const struct image_pace *pace);
/* The largest piece that makes nobody wait long, for a lease or for an interrupt. */
size_t image_pace_piece(const struct image_pace *pace, size_t size);

#endif
