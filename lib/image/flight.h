/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef IMAGE_FLIGHT_H
#define IMAGE_FLIGHT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cow/error.h>

/*
 * Several pieces of a file in flight at once, so that the disk always has something to do. Memory:
 * IMAGE_FLIGHT_MAX buffers, whatever the file's size.
 */

#define IMAGE_FLIGHT_MAX 16u

struct image_piece {
	uint64_t at;
	size_t size;
};

struct image_flight {
	unsigned at_once;   /* from 1, all in the caller's thread, to IMAGE_FLIGHT_MAX */
	size_t buffer_size; /* of one for each of them */
	/* The next piece; one call at a time. @return 1, 0 at the end, -errno. */
	int (*next)(void *data, struct image_piece *ret, struct cow_error *err);
	/* What is done with it; several at a time. A negative errno ends the flight. */
	int (*work)(void *data, const struct image_piece *piece, void *buffer,
		    struct cow_error *err);
	/* With the bytes done so far, in the caller's thread only. A negative errno ends the
	 * flight. */
	int (*step)(void *data, uint64_t done, struct cow_error *err);
	void *data;

	uint64_t done; /* bytes, when it is over */

	/* The flight's own. */
	void *buffers;
	pthread_t threads[IMAGE_FLIGHT_MAX];
	unsigned count, joined;
	bool started;
	pthread_mutex_t lock;
	bool over;
	int result;
	struct cow_error err; /* of the first failure */
};

/* Take part until it is over. @return 0, or what failed first; what was in flight then has landed
 * as well. */
int image_flight_run(struct image_flight *flight, struct cow_error *err);
/* Before that: let it begin while the caller does something else. What is done by then comes
 * without a step; one at a time nothing is. @return 0 or -ENOMEM */
int image_flight_start(struct image_flight *flight, struct cow_error *err);
/* Instead: it is not wanted any more. */
void image_flight_stop(struct image_flight *flight);

#endif
