/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pool/judge.h"
#include "base/error.h"
#include "base/fd.h"

DEFINE_CLEANUP(probe, struct cow_probe *, cow_probe_free, NULL)

enum cow_compliance pool_judge(const struct cow_probe *probe, const struct cow_decision *decision)
{
	/* A decision takes a flag that could not be read for one that is not set. */
	if (probe->nocow == COW_ANSWER_UNKNOWN && probe->cow_switch == COW_SWITCH_ATTRIBUTE)
		return COW_COMPLIANCE_UNKNOWN;
	switch (decision->action) {
	case COW_ACTION_LEAVE:
		if (probe->cow_switch == COW_SWITCH_NOT_NEEDED ||
		    decision->effective == COW_POLICY_UNKNOWN)
			return COW_COMPLIANCE_NOT_APPLICABLE;
		return probe->cow_switch == COW_SWITCH_UNKNOWN ? COW_COMPLIANCE_UNKNOWN
							       : COW_COMPLIANCE_OK;
	case COW_ACTION_SET_NOCOW:
	case COW_ACTION_CLEAR_NOCOW:
	case COW_ACTION_REFUSE:
		return COW_COMPLIANCE_DRIFTED;
	case COW_ACTION_UNKNOWN:
		break;
	}
	return COW_COMPLIANCE_UNKNOWN;
}

static int hold(int fd, enum cow_policy policy, bool change, struct pool_verdict *ret,
		struct cow_error *err)
{
	BASE_CLEANUP(probe) struct cow_probe *before = NULL, *after = NULL;
	struct cow_decision left;
	int r = cow_probe_new(BASE_FD_PATH(fd), 0, &before, err);

	if (r < 0)
		return r;
	cow_policy_decide(policy, before, &ret->decision);
	ret->before = ret->after = pool_judge(before, &ret->decision);
	if (change || ret->decision.action == COW_ACTION_REFUSE)
		r = cow_decision_apply(&ret->decision, fd, err);
	if (r < 0 || !change ||
	    (ret->decision.action != COW_ACTION_SET_NOCOW &&
	     ret->decision.action != COW_ACTION_CLEAR_NOCOW))
		return r;
	/* The flag reads back by now; what counts is what a new file here gets. */
	r = cow_probe_new(BASE_FD_PATH(fd), 0, &after, err);
	if (r < 0)
		return r;
	cow_policy_decide(policy, after, &left);
	ret->after = pool_judge(after, &left);
	if (left.action != COW_ACTION_LEAVE)
		return base_refuse(err, EOPNOTSUPP, COW_CODE_NOT_HONOURED,
				   "the policy was applied but new files don't follow it: %s",
				   left.reason);
	return 0;
}

int pool_hold(int fd, enum cow_policy policy, const char *path, bool change,
	      struct pool_verdict *ret, struct cow_error *err)
{
	struct cow_error cause = {0};
	int r = hold(fd, policy, change, ret, &cause);

	return r < 0 ? base_fail_in(err, r, &cause, "directory %s", BASE_QUOTE(path)) : r;
}

int pool_enforce(int fd, const struct cow_pool *pool, struct cow_decision *ret,
		 struct cow_error *err)
{
	struct pool_verdict verdict = {0};
	int r = pool_hold(fd, pool->policy, pool->path, true, &verdict, err);

	*ret = verdict.decision;
	return r;
}
