/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The policy comes to "off" here, and every overwrite of this image is copied. */
#include "audit/rule.h"

static const char *remedy(const struct audit_view *view)
{
	const struct cow_probe *probe = view->place->probe;

	if (probe && probe->cow_switch == COW_SWITCH_ATTRIBUTE)
		return "cowctl convert --cow off, while nobody has it open";
	if (probe && probe->remedy)
		return probe->remedy;
	return "move it to a filesystem that can overwrite in place";
}

bool audit_rule_cow_image(const struct audit_view *view, struct audit_note *note)
{
	const struct cow_audit_item *item = view->item;

	if (item->compliance != COW_COMPLIANCE_DRIFTED || item->effective != COW_POLICY_OFF)
		return false;
	audit_note_remedy(note, "%s", remedy(view));
	if (item->policy == COW_POLICY_AUTO)
		return audit_note_say(note, COW_SEVERITY_ERROR,
				      "every overwrite is copied; auto wants it off: %s",
				      view->place->decisions[COW_POLICY_AUTO].reason);
	return audit_note_say(note, COW_SEVERITY_ERROR,
			      "every overwrite is copied, against the policy");
}
