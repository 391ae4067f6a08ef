/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* In place, but somebody else refers to the same blocks: a snapshot, a clone, a deduplicated copy.
 * The next write to each goes elsewhere, once. With the policy "on" sharing is what was wanted. */
#include "audit/rule.h"

bool audit_rule_shared_extents(const struct audit_view *view, struct audit_note *note)
{
	if (view->item->effective != COW_POLICY_OFF ||
	    view->item->overwrite == COW_OVERWRITE_COPIED || !view->state->shared_bytes)
		return false;
	audit_note_remedy(note, "cowctl unshare, while nobody has it open%s",
			  view->item->nocow == COW_ANSWER_YES
				  ? "; a subvolume of their own keeps images out of snapshots "
				    "(cowctl pool build --subvolume)"
				  : "");
	return audit_note_say(note, COW_SEVERITY_WARNING,
			      "%s shared with a snapshot or clone: copied once, on the next write",
			      AUDIT_SIZE(view->state->shared_bytes));
}
