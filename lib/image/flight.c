/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/mman.h>

#include "base/error.h"
#include "base/thread.h"
#include "image/flight.h"

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

/* By mmap(2): what malloc() frees in a thread that ends would stay, and flights are many. */
static void *map_buffer(const struct image_flight *flight)
{
	return mmap(NULL, flight->buffer_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		    -1, 0);
}

/* What can't be had here, memory or the thread, the others do without. */
static void *join_in(void *data)
{
	struct image_flight *flight = data;
	void *buffer = map_buffer(flight);

	if (buffer == MAP_FAILED)
		return NULL;
	fly(flight, buffer, false);
	munmap(buffer, flight->buffer_size);
	return NULL;
}

void image_flight_start(struct image_flight *flight)
{
	pthread_mutex_init(&flight->lock, NULL);
	flight->started = true;
	while (flight->count + 1 < flight->at_once &&
	       base_thread_start(&flight->threads[flight->count], join_in, flight) == 0)
		flight->count++;
}

static void land_all(struct image_flight *flight)
{
	while (flight->count > 0)
		pthread_join(flight->threads[--flight->count], NULL);
	pthread_mutex_destroy(&flight->lock);
	flight->started = false;
}

void image_flight_stop(struct image_flight *flight)
{
	const struct cow_error none = {0};

	if (!flight->started)
		return;
	end(flight, -ECANCELED, &none);
	land_all(flight);
}

int image_flight_run(struct image_flight *flight, struct cow_error *err)
{
	void *buffer = map_buffer(flight);

	if (buffer == MAP_FAILED) {
		image_flight_stop(flight);
		return base_fail(err, ENOMEM, "get %zu bytes of memory", flight->buffer_size);
	}
	if (!flight->started)
		image_flight_start(flight);
	fly(flight, buffer, true);
	munmap(buffer, flight->buffer_size);
	land_all(flight);
	if (flight->result < 0 && err)
		*err = flight->err;
	return flight->result;
}
