/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AUDIT_PLACE_H
#define AUDIT_PLACE_H

#include <cow/probe.h>

#include "audit/walk.h"

/* What is known of a directory before any file in it is looked at: the layers under it, and what
 * each policy comes to there. Both follow from the mount and from three flags of the directory, so
 * a place is looked up once and shared by all directories of one kind. */
struct audit_place {
	struct audit_place *next;
	uint64_t mount;
	enum cow_answer flags_known;
	uint32_t flags;                  /* NOCOW and the compression flags, when known */
	struct cow_probe *probe;         /* or NULL: could not be looked at, error says why */
	const struct cow_layer *top;     /* of the probe's layers: the filesystem, or NULL */
	const struct cow_layer *storage; /* the one that holds the data: under an overlay its upper
					    filesystem, otherwise top */
	struct cow_error error;
	struct cow_decision decisions[COW_POLICY_AUTO + 1]; /* by policy */
};

/* The place of a directory, found in the list or added to it. -ENOMEM at worst: a directory that
 * can't be probed is a place without a probe. */
int audit_place_find(struct audit_place **places, const struct audit_directory *directory,
		     const struct audit_place **ret);
void audit_places_free(struct audit_place *places);

#endif
