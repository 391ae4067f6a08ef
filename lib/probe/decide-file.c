/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <cow/probe.h>

#include "base/text.h"

/* For one file that is still empty there is a way through the conflicts that make a directory
 * refuse: the file gives up its compression flag, or the NOCOW flag that a mount option gave it. */
static void overrule(struct cow_decision *decision)
{
	bool off = decision->policy == COW_POLICY_OFF;

	if (decision->action != COW_ACTION_REFUSE || decision->code != COW_CODE_CONFLICT)
		return;
	decision->action = off ? COW_ACTION_SET_NOCOW : COW_ACTION_CLEAR_NOCOW;
	decision->effective = decision->policy;
	decision->code = COW_CODE_UNKNOWN;
	decision->remedy[0] = '\0';
	if (off)
		base_copy(decision->warning, sizeof(decision->warning),
			  "the directory's compression flag excludes NOCOW: the image goes without "
			  "it");
	base_copy(decision->reason, sizeof(decision->reason),
		  off ? "NOCOW makes the image overwrite in place"
		      : "the filesystem is mounted with nodatacow: NOCOW will be cleared");
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
