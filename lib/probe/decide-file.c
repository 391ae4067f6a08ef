/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <cow/probe.h>

#include "base/text.h"

/* For one file that is still empty there is a way through the conflict that makes a directory
 * refuse: the file gives up its compression flag. */
static void overrule(struct cow_decision *decision)
{
	if (decision->policy != COW_POLICY_OFF || decision->action != COW_ACTION_REFUSE ||
	    decision->code != COW_CODE_CONFLICT)
		return;
	decision->action = COW_ACTION_SET_NOCOW;
	decision->effective = COW_POLICY_OFF;
	base_copy(decision->warning, sizeof(decision->warning),
		  "the directory's compression flag excludes NOCOW: the image goes without it");
	base_copy(decision->reason, sizeof(decision->reason),
		  "NOCOW makes the image overwrite in place");
}

COW_EXPORT void cow_policy_decide_file(enum cow_policy policy, const struct cow_probe *probe,
				       struct cow_decision *ret, enum cow_wish *ret_wish,
				       bool *ret_nocow)
{
	enum cow_wish wanted = policy == COW_POLICY_AUTO ? COW_WISH_PREFER : COW_WISH_REQUIRE;

	cow_policy_decide(policy, probe, ret);
	overrule(ret);
	/* NOCOW that only has to be inherited is demanded as well: overlay's whiteouts, for one,
	 * lose it. */
	*ret_nocow = ret->action == COW_ACTION_SET_NOCOW ||
		     (ret->action != COW_ACTION_CLEAR_NOCOW && ret->effective == COW_POLICY_OFF &&
		      probe->nocow == COW_ANSWER_YES);
	*ret_wish = *ret_nocow || ret->action == COW_ACTION_CLEAR_NOCOW ? wanted : COW_WISH_LEAVE;
}
