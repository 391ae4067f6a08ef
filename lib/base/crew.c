/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/crew.h"
#include "base/thread.h"

/* Reading 20,000 headers from a cold disk one after the other is nothing but waiting, so there are
 * more threads than processors. For a handful of things they cost more than they save. */
#define THREADS     24
#define THREADS_MIN 32

struct base_crew {
	pthread_t threads[THREADS];
	size_t count;
	pthread_mutex_t lock; /* of all below, and of the lots own */
	pthread_cond_t more, less;
	struct base_lot *first; /* the oldest of those begun */
	bool stop;
};

static void work_off(struct base_lot *lot)
{
	size_t i;

	while ((i = atomic_fetch_add(&lot->begun, 1)) < lot->count)
		lot->work(lot, i);
}

/* The oldest in which there is something to begin with. */
static struct base_lot *find(const struct base_crew *crew)
{
	struct base_lot *lot = crew->first;

	while (lot && atomic_load(&lot->begun) >= lot->count)
		lot = lot->next;
	return lot;
}

static void *serve(void *data)
{
	struct base_crew *crew = data;
	struct base_lot *lot;

	pthread_mutex_lock(&crew->lock);
	while (!crew->stop) {
		lot = find(crew);
		if (!lot) {
			pthread_cond_wait(&crew->more, &crew->lock);
			continue;
		}
		lot->busy++;
		pthread_mutex_unlock(&crew->lock);
		work_off(lot);
		pthread_mutex_lock(&crew->lock);
		if (--lot->busy == 0)
			pthread_cond_signal(&crew->less);
	}
	pthread_mutex_unlock(&crew->lock);
	return NULL;
}

int base_crew_new(struct base_crew **ret)
{
	struct base_crew *crew = calloc(1, sizeof(*crew));

	if (!crew)
		return -ENOMEM;
	pthread_mutex_init(&crew->lock, NULL);
	pthread_cond_init(&crew->more, NULL);
	pthread_cond_init(&crew->less, NULL);
	*ret = crew;
	return 0;
}

void base_crew_free(struct base_crew *crew)
{
	if (!crew)
		return;
	pthread_mutex_lock(&crew->lock);
	crew->stop = true;
	pthread_cond_broadcast(&crew->more);
	pthread_mutex_unlock(&crew->lock);
	while (crew->count > 0)
		pthread_join(crew->threads[--crew->count], NULL);
	pthread_cond_destroy(&crew->less);
	pthread_cond_destroy(&crew->more);
	pthread_mutex_destroy(&crew->lock);
	free(crew);
}

void base_crew_begin(struct base_crew *crew, struct base_lot *lot)
{
	struct base_lot **last = &crew->first;

	/* With fewer threads, or none, base_crew_wait() has more to do itself. */
	if (lot->count >= THREADS_MIN)
		while (crew->count < THREADS &&
		       base_thread_start(&crew->threads[crew->count], serve, crew) == 0)
			crew->count++;
	lot->next = NULL;
	lot->busy = 0;
	atomic_store(&lot->begun, 0);
	pthread_mutex_lock(&crew->lock);
	while (*last)
		last = &(*last)->next;
	*last = lot;
	pthread_cond_broadcast(&crew->more);
	pthread_mutex_unlock(&crew->lock);
}

void base_crew_wait(struct base_crew *crew)
{
	struct base_lot *lot = crew->first;

	work_off(lot);
	/* Nobody joins any more, for there is nothing to begin with. */
	pthread_mutex_lock(&crew->lock);
	while (lot->busy)
		pthread_cond_wait(&crew->less, &crew->lock);
	crew->first = lot->next;
	pthread_mutex_unlock(&crew->lock);
}
