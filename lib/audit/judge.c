/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audit/judge.h"

enum cow_policy audit_judge_policy(enum cow_policy policy, const struct audit_place *place)
{
	/* An explicit wish stands, whether or not it can be had here: the image is held against it
	 * all the same. */
	return policy == COW_POLICY_AUTO ? place->decisions[COW_POLICY_AUTO].effective : policy;
}

static enum cow_compliance judge_off(const struct cow_audit_item *item)
{
	if (item->overwrite != COW_OVERWRITE_COPIED)
		return COW_COMPLIANCE_OK;
	/* A CD image is never overwritten at all. */
	return item->format == COW_FORMAT_ISO ? COW_COMPLIANCE_NOT_APPLICABLE
					      : COW_COMPLIANCE_DRIFTED;
}

static enum cow_compliance judge_on(const struct cow_audit_item *item)
{
	switch (item->nocow) {
	case COW_ANSWER_NO:
		return COW_COMPLIANCE_OK;
	case COW_ANSWER_YES:
		return COW_COMPLIANCE_DRIFTED;
	default:
		return COW_COMPLIANCE_UNKNOWN;
	}
}

enum cow_compliance audit_judge(const struct cow_audit_item *item, const struct cow_layer *top)
{
	/* With the policy auto it is up to whoever decides. */
	if (item->effective == COW_POLICY_UNKNOWN && top && cow_layer_detail(top, "decided_by"))
		return COW_COMPLIANCE_NOT_APPLICABLE;
	/* What an overwrite does is the question; without an answer nothing is ok. */
	if (item->overwrite == COW_OVERWRITE_UNKNOWN || item->effective == COW_POLICY_UNKNOWN)
		return COW_COMPLIANCE_UNKNOWN;
	if (top && top->cow_switch == COW_SWITCH_NOT_NEEDED &&
	    item->overwrite != COW_OVERWRITE_COPIED)
		return COW_COMPLIANCE_NOT_APPLICABLE;
	return item->effective == COW_POLICY_OFF ? judge_off(item) : judge_on(item);
}
