/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef IMAGE_PACE_H
#define IMAGE_PACE_H

#include <stddef.h>
#include <stdint.h>

/* Keeping to a rate, so that a host that is busy with guests hardly notices. */
struct image_pace {
	uint64_t rate; /* bytes a second, 0: as fast as can be */
	uint64_t due;  /* when what went through so far may have, in nanoseconds; zero it first */
};

/* So many bytes went through: wait until that was slow enough. */
void image_pace_keep(struct image_pace *pace, uint64_t bytes);
/* The largest piece that makes nobody wait long, for a lease or for an interrupt. */
size_t image_pace_piece(const struct image_pace *pace, size_t size);

#endif
