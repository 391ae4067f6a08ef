/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AUDIT_LOOK_H
#define AUDIT_LOOK_H

#include <cow/image.h>
#include <cow/probe.h>

#include "audit/walk.h"
#include "base/crew.h"

/* All that has to be read of one file, which is where an audit spends its time. Looking at one file
 * touches nothing that belongs to another, so many can be looked at at once. */
struct audit_look {
	const char *name; /* in the directory; the caller's */

	int result;       /* 1 an image, 0 none, or gone meanwhile, or -errno */
	const char *verb; /* of the error: "open" */
	bool leftover;    /* no image: a temporary file of ours; size and allocated hold */
	uint64_t size, allocated;
	bool compress;       /* carries chattr's c */
	enum cow_policy own; /* the policy that it has of its own, or unknown */
	struct cow_header header;
	struct cow_file_state state;
};

#define AUDIT_LOOKS_MAX 256

/* Files of one directory, looked at together. */
struct audit_looks {
	struct base_lot lot;                     /* first: one is the other; its count is theirs */
	const struct audit_directory *directory; /* its place is set */
	bool every;                              /* what is no image counts as well */
	size_t done;                             /* how many the caller has dealt with */
	struct audit_look looks[AUDIT_LOOKS_MAX];
};

/* Look at one of them; the work of their lot. */
void audit_look(struct base_lot *lot, size_t i);
/* How an open file stands in the filesystem of its place. Not knowing is an answer, with its
 * reason. */
void audit_look_state(int fd, const struct audit_place *place, struct cow_file_state *state);
/* Forget them all. */
void audit_looks_clear(struct audit_looks *looks);

#endif
