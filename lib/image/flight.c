/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/flight.h"
#include "base/error.h"
#include "base/thread.h"
#include "image/copy.h"

static bool take(struct image_flight *flight, struct image_piece *piece)
{
	int r = 0;

	pthread_mutex_lock(&flight->lock);
	if (!flight->over) {
		r = flight->next(flight->data, piece, &flight->err);
		flight->over = r <= 0;
		flight->result = r < 0 ? r : 0;
	}
	pthread_mutex_unlock(&flight->lock);
	return r > 0;
}

/* @return the bytes done so far */
static uint64_t land(struct image_flight *flight, const struct image_piece *piece)
{
	uint64_t done;

	pthread_mutex_lock(&flight->lock);
	done = flight->done += piece->size;
	pthread_mutex_unlock(&flight->lock);
	return done;
}

static void end(struct image_flight *flight, int result, const struct cow_error *err)
{
	pthread_mutex_lock(&flight->lock);
	if (flight->result == 0) {
		flight->result = result;
		flight->err = *err;
	}
	flight->over = true;
	pthread_mutex_unlock(&flight->lock);
}

static void fly(struct image_flight *flight, void *buffer, bool is_caller)
{
	struct image_piece piece;

	while (take(flight, &piece)) {
		struct cow_error err = {0};
		int r = flight->work(flight->data, &piece, buffer, &err);

		if (r == 0) {
			uint64_t done = land(flight, &piece);

			if (is_caller)
				r = flight->step(flight->data, done, &err);
		}
		if (r < 0)
			end(flight, r, &err);
	}
}

/* What can't be had here, memory or the thread, the others do without. */
static void *join_in(void *data)
{
	struct image_flight *flight = data;
	BASE_CLEANUP(free) void *buffer = aligned_alloc(IMAGE_BUFFER_ALIGN, flight->buffer_size);

	if (buffer)
		fly(flight, buffer, false);
	return NULL;
}

int image_flight_run(struct image_flight *flight, struct cow_error *err)
{
	BASE_CLEANUP(free) void *buffer = aligned_alloc(IMAGE_BUFFER_ALIGN, flight->buffer_size);
	pthread_t threads[IMAGE_FLIGHT_MAX];
	unsigned count = 0;

	if (!buffer)
		return base_fail(err, ENOMEM, "get %zu bytes of memory", flight->buffer_size);
	pthread_mutex_init(&flight->lock, NULL);
	while (count + 1 < flight->at_once &&
	       base_thread_start(&threads[count], join_in, flight) == 0)
		count++;
	fly(flight, buffer, true);
	while (count > 0)
		pthread_join(threads[--count], NULL);
	pthread_mutex_destroy(&flight->lock);
	if (flight->result < 0 && err)
		*err = flight->err;
	return flight->result;
}
