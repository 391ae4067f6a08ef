/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PROBE_DECIDE_H
#define PROBE_DECIDE_H

#include <cow/probe.h>

/* What the decision table looks at. */
struct probe_situation {
	bool in_place_anyway; /* no flag needed */
	bool flagged;         /* the directory carries NOCOW */
	bool mount_nodatacow; /* new files are NOCOW although the directory is not */
	bool compressed;      /* a compression flag stands in the way */
	bool settable;        /* the flag can be set */
	bool no_switch;       /* it copies and nothing can change that */
	bool elsewhere;       /* a server or a host decides */
	const char *profile;  /* Btrfs data profile, "" when it is not Btrfs, NULL if not known */
};

void probe_decide(enum cow_policy policy, const struct probe_situation *s,
		  struct cow_decision *ret);

#endif
