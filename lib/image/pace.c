/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <time.h>

#include "image/pace.h"

#define SECOND 1000000000u
/* What other things took (an fsync, a comparison) is made good up to so much: no long bursts. */
#define SLACK (SECOND / 10)
/* Whoever waits for a lease, or has interrupted it, waits no longer. */
#define SLICE (SECOND / 10)
/* A piece lasts no longer than this part of a second. */
#define PIECES_A_SECOND 8
#define PIECE_MIN       ((size_t)64 << 10)

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

void image_pace_add(struct image_pace *pace, uint64_t bytes)
{
	uint64_t earliest;

	if (!pace->rate)
		return;
	earliest = now() - SLACK;
	if (pace->due < earliest)
		pace->due = earliest;
	pace->due += (uint64_t)((double)bytes / (double)pace->rate * SECOND);
}

bool image_pace_wait(const struct image_pace *pace)
{
	uint64_t at = pace->rate ? now() : 0, left = pace->due > at ? pace->due - at : 0;
	struct timespec t = {.tv_nsec = (long)(left < SLICE ? left : SLICE)};

	if (!pace->rate || !left)
		return false;
	return clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL) != 0 || left > SLICE;
}

size_t image_pace_piece(const struct image_pace *pace, size_t size)
{
	uint64_t piece = pace->rate / PIECES_A_SECOND / PIECE_MIN * PIECE_MIN;

	if (!pace->rate || piece >= size)
		return size;
	return piece > PIECE_MIN ? (size_t)piece : PIECE_MIN;
}
