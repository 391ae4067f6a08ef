/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef POOL_JUDGE_H
#define POOL_JUDGE_H

#include <cow/pool.h>
#include <cow/probe.h>

/* How a directory stands against a policy: nothing to do is ok, something to do is drift, and where
 * its flag matters and could not be read, or nothing is known of what overwrites do, it is unknown.
 */
enum cow_compliance pool_judge(const struct cow_probe *probe, const struct cow_decision *decision);

/* What a policy comes to for a directory. */
struct pool_verdict {
	struct cow_decision decision;
	enum cow_compliance before, after;
};

/* Probe an open directory, hold it against a policy and, with `change`, carry out what follows;
 * probe once more and hold the result against it again. What was decided is in *ret also on
 * failure. A policy that can't be met is an error either way. `path` is for messages. */
int pool_hold(int fd, enum cow_policy policy, const char *path, bool change,
	      struct pool_verdict *ret, struct cow_error *err);

/* The same for a pool's own directory, carried out. */
int pool_enforce(int fd, const struct cow_pool *pool, struct cow_decision *ret,
		 struct cow_error *err);

#endif
