/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <cow/types.h>

#include "base/text.h"

#define DEFINE_NAMES(function, type, ...)                                                          \
	COW_EXPORT const char *function(type value)                                                \
	{                                                                                          \
		static const char *const names[] = {__VA_ARGS__};                                  \
		return BASE_NAME(names, value);                                                    \
	}

DEFINE_NAMES(cow_overwrite_name, enum cow_overwrite, "unknown", "in-place", "copied-once", "copied")
DEFINE_NAMES(cow_switch_name, enum cow_switch, "unknown", "attribute", "mount-option", "none",
	     "not-needed")
DEFINE_NAMES(cow_evidence_name, enum cow_evidence, "none", "measured", "reported", "inferred")
DEFINE_NAMES(cow_policy_name, enum cow_policy, "unknown", "off", "on", "auto")
DEFINE_NAMES(cow_compliance_name, enum cow_compliance, "unknown", "ok", "drifted", "not-applicable")
DEFINE_NAMES(cow_answer_name, enum cow_answer, "unknown", "no", "yes")

COW_EXPORT enum cow_policy cow_policy_from_name(const char *name)
{
	for (enum cow_policy p = COW_POLICY_OFF; p <= COW_POLICY_AUTO; p++)
		if (base_equal(name, cow_policy_name(p)))
			return p;
	return COW_POLICY_UNKNOWN;
}

COW_EXPORT const char *cow_version(void)
{
	return COW_VERSION;
}
