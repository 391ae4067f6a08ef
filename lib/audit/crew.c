/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

#include "audit/look.h"
#include "base/thread.h"

/* Reading 20,000 headers from a cold disk one after the other is nothing but waiting, so there are
 * more threads than processors. For a handful of files they cost more than they save. */
#define THREADS       24
#define THREADS_FILES 32

struct audit_crew {
	pthread_t threads[THREADS];
	size_t count;
	pthread_mutex_t lock; /* of all below, and of the looks' own */
	pthread_cond_t more, less;
	struct audit_looks *first; /* the oldest of those begun */
	bool stop;
};

static void look(struct audit_looks *looks)
{
	size_t i;

	while ((i = atomic_fetch_add(&looks->begun, 1)) < looks->count)
		audit_look(looks, i);
}

/* The oldest in which there is something to begin with. */
static struct audit_looks *find(const struct audit_crew *crew)
{
	struct audit_looks *looks = crew->first;

	while (looks && atomic_load(&looks->begun) >= looks->count)
		looks = looks->next;
	return looks;
}

static void *work(void *data)
{
	struct audit_crew *crew = data;
	struct audit_looks *looks;

	pthread_mutex_lock(&crew->lock);
	while (!crew->stop) {
		looks = find(crew);
		if (!looks) {
			pthread_cond_wait(&crew->more, &crew->lock);
			continue;
		}
		looks->busy++;
		pthread_mutex_unlock(&crew->lock);
		look(looks);
		pthread_mutex_lock(&crew->lock);
		if (--looks->busy == 0)
			pthread_cond_signal(&crew->less);
	}
	pthread_mutex_unlock(&crew->lock);
	return NULL;
}

int audit_crew_new(struct audit_crew **ret)
{
	struct audit_crew *crew = calloc(1, sizeof(*crew));

	if (!crew)
		return -ENOMEM;
	pthread_mutex_init(&crew->lock, NULL);
	pthread_cond_init(&crew->more, NULL);
	pthread_cond_init(&crew->less, NULL);
	*ret = crew;
	return 0;
}

void audit_crew_free(struct audit_crew *crew)
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

void audit_crew_begin(struct audit_crew *crew, struct audit_looks *looks)
{
	struct audit_looks **last = &crew->first;

	/* With fewer threads, or none, audit_crew_wait() has more to do itself. */
	if (looks->count >= THREADS_FILES)
		while (crew->count < THREADS &&
		       base_thread_start(&crew->threads[crew->count], work, crew) == 0)
			crew->count++;
	looks->next = NULL;
	looks->busy = 0;
	atomic_store(&looks->begun, 0);
	pthread_mutex_lock(&crew->lock);
	while (*last)
		last = &(*last)->next;
	*last = looks;
	pthread_cond_broadcast(&crew->more);
	pthread_mutex_unlock(&crew->lock);
}

void audit_crew_wait(struct audit_crew *crew)
{
	struct audit_looks *looks = crew->first;

	look(looks);
	/* Nobody joins any more, for there is nothing to begin with. */
	pthread_mutex_lock(&crew->lock);
	while (looks->busy)
		pthread_cond_wait(&crew->less, &crew->lock);
	crew->first = looks->next;
	pthread_mutex_unlock(&crew->lock);
}
