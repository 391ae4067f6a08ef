/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The policy comes to "on" here, and this image has no copy-on-write. */
#include "audit/rule.h"

bool audit_rule_nocow_image(const struct audit_view *view, struct audit_note *note)
{
	const struct cow_audit_item *item = view->item;

	if (item->compliance != COW_COMPLIANCE_DRIFTED || item->effective != COW_POLICY_ON)
		return false;
	audit_note_remedy(note, "cowctl convert --cow on, while nobody has it open");
	if (item->policy == COW_POLICY_AUTO)
		return audit_note_say(note, COW_SEVERITY_ERROR,
				      "NOCOW, so without checksums; auto wants it on: %s",
				      view->place->decisions[COW_POLICY_AUTO].reason);
	return audit_note_say(note, COW_SEVERITY_ERROR,
			      "NOCOW, so without checksums, against the policy");
}
