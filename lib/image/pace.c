/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <time.h>

#include "image/pace.h"

#define SECOND 1000000000u
/* What other things took (an fsync, a comparison) is made good up to so much: no long bursts. */
#define SLACK (SECOND / 10)
/* A piece lasts no longer than this part of a second. */
#define PIECES_A_SECOND 8
#define PIECE_MIN       ((size_t)64 << 10)

void image_pace_keep(struct image_pace *pace, uint64_t bytes)
{
	struct timespec t;
	uint64_t now;

	if (!pace->rate)
		return;
	clock_gettime(CLOCK_MONOTONIC, &t);
	now = (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
	if (pace->due + SLACK < now)
		pace->due = now - SLACK;
	pace->due += (uint64_t)((double)bytes / (double)pace->rate * SECOND);
	t.tv_sec = (time_t)(pace->due / SECOND);
	t.tv_nsec = (long)(pace->due % SECOND);
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

size_t image_pace_piece(const struct image_pace *pace, size_t size)
{
	uint64_t piece = pace->rate / PIECES_A_SECOND / PIECE_MIN * PIECE_MIN;

	if (!pace->rate || piece >= size)
		return size;
	return piece > PIECE_MIN ? (size_t)piece : PIECE_MIN;
}
