/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BASE_CREW_H
#define BASE_CREW_H

#include <stdatomic.h>
#include <stddef.h>

/* Many small things to do, in any order and at once. */
struct base_lot {
	void (*work)(struct base_lot *lot, size_t i);
	size_t count;

	/* the crew's own, from begin to wait */
	struct base_lot *next;
	atomic_size_t begun; /* how many somebody has begun with */
	unsigned busy;       /* how many threads are at it */
};

/* Threads that do them, started when there is enough to do. */
struct base_crew;

int base_crew_new(struct base_crew **ret);
void base_crew_free(struct base_crew *crew);

/* Have all of a lot done, some of it while the caller goes on; it must stay as it is until
 * base_crew_wait() has been called for it, in the order they were begun. */
void base_crew_begin(struct base_crew *crew, struct base_lot *lot);
/* Do what nobody has begun with, and wait for the rest. */
void base_crew_wait(struct base_crew *crew);

#endif
