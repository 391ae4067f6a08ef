/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef POOL_JUDGE_H
#define POOL_JUDGE_H

#include <cow/pool.h>
#include <cow/probe.h>

/* How a directory stands against a policy: nothing to do is ok, something to do is drift. */
enum cow_compliance pool_judge(const struct cow_probe *probe, const struct cow_decision *decision);

/* Probe an open directory, hold it against the pool's policy and carry out what follows; probe once
 * more and hold the result against it again. What was decided is in *ret also on failure. */
int pool_enforce(int fd, const struct cow_pool *pool, struct cow_decision *ret,
		 struct cow_error *err);

/* Count what lies below an open directory and carries the other flag than the policy wants: the
 * policy of a directory reaches only what is created directly in it from now on. */
struct pool_reach {
	uint64_t unreached; /* files and directories */
	uint64_t unknown;   /* could not be looked at */
};
void pool_count_unreached(int fd, bool nocow, bool directories, struct pool_reach *ret);

#endif
