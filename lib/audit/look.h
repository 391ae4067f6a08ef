/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AUDIT_LOOK_H
#define AUDIT_LOOK_H

#include <stdatomic.h>

#include <cow/image.h>
#include <cow/probe.h>

#include "audit/walk.h"

/* All that has to be read of one file, which is where an audit spends its time. Looking at one file
 * touches nothing that belongs to another, so many can be looked at at once. */
struct audit_look {
	const char *name; /* in the directory; the caller's */

	int result;       /* 1 an image, 0 none, or gone meanwhile, or -errno */
	const char *verb; /* of the error: "open" */
	bool leftover;    /* no image: a temporary file of ours; size and allocated hold */
	uint64_t size, allocated;
	bool compress; /* carries chattr's c */
	struct cow_header header;
	struct cow_file_state state;
};

#define AUDIT_LOOKS_MAX 256

/* Files of one directory, looked at together. */
struct audit_looks {
	const struct audit_directory *directory; /* its place is set */
	bool every;                              /* what is no image counts as well */
	size_t count;
	size_t done; /* how many the caller has dealt with */
	struct audit_look looks[AUDIT_LOOKS_MAX];

	/* the crew's own, from begin to wait */
	struct audit_looks *next;
	atomic_size_t begun; /* how many somebody has begun with */
	unsigned busy;       /* how many threads are at it */
};

/* Threads that look, started when there is enough to look at. */
struct audit_crew;

int audit_crew_new(struct audit_crew **ret);
void audit_crew_free(struct audit_crew *crew);

/* Have all of them looked at, some of it while the caller goes on; they must stay as they are until
 * audit_crew_wait() has been called for them, in the order they were begun. */
void audit_crew_begin(struct audit_crew *crew, struct audit_looks *looks);
/* Look at what nobody has begun with, and wait for the rest. */
void audit_crew_wait(struct audit_crew *crew);

/* Look at one of them. */
void audit_look(struct audit_looks *looks, size_t i);
/* Forget them all. */
void audit_looks_clear(struct audit_looks *looks);

#endif
