/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/mman.h>

#include "base/error.h"
#include "base/thread.h"
#include "image/flight.h"

#define HUGE_PAGE ((size_t)2 << 20)

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

static void *buffer_of(const struct image_flight *flight, unsigned i)
{
	return (char *)flight->buffers + i * flight->buffer_size;
}

static void *join_in(void *data)
{
	struct image_flight *flight = data;
	unsigned i;

	pthread_mutex_lock(&flight->lock);
	i = ++flight->joined; /* the first buffer is the caller's */
	pthread_mutex_unlock(&flight->lock);
	fly(flight, buffer_of(flight, i), false);
	return NULL;
}

static size_t size_of_buffers(const struct image_flight *flight)
{
	return (flight->at_once * flight->buffer_size + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
}

/* In huge pages if there are any: a request to a disk is made up of so many pieces of memory at
 * most, and in pages of the usual size a MiB is two or three requests. Not by malloc(3), which
 * would keep them afterwards. */
static void *get_buffers(const struct image_flight *flight)
{
	size_t size = size_of_buffers(flight), before;
	char *all = mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (all == MAP_FAILED)
		return NULL;
	before = HUGE_PAGE -
		 (uintptr_t)all % HUGE_PAGE; /* one more than needed, to begin with one */
	munmap(all, before);
	if (before < HUGE_PAGE)
		munmap(all + before + size, HUGE_PAGE - before);
	madvise(all + before, size, MADV_HUGEPAGE);
	return all + before;
}

int image_flight_start(struct image_flight *flight, struct cow_error *err)
{
	flight->buffers = get_buffers(flight);
	if (!flight->buffers)
		return base_fail(err, ENOMEM, "get %u times %zu bytes of memory", flight->at_once,
				 flight->buffer_size);
	pthread_mutex_init(&flight->lock, NULL);
	flight->started = true;
	/* Without as many threads the others do more. */
	while (flight->count + 1 < flight->at_once &&
	       base_thread_start(&flight->threads[flight->count], join_in, flight) == 0)
		flight->count++;
	return 0;
}

static void land_all(struct image_flight *flight)
{
	while (flight->count > 0)
		pthread_join(flight->threads[--flight->count], NULL);
	pthread_mutex_destroy(&flight->lock);
	munmap(flight->buffers, size_of_buffers(flight));
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
	int r = flight->started ? 0 : image_flight_start(flight, err);

	if (r < 0)
		return r;
	fly(flight, buffer_of(flight, 0), true);
	land_all(flight);
	if (flight->result < 0 && err)
		*err = flight->err;
	return flight->result;
}
