/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* NOCOW blocks written before the last snapshot or balance of their subvolume are copied once more
 * on Btrfs, also when the snapshot is long deleted and nothing shows as shared. */
#include "audit/rule.h"

bool audit_rule_older_than_snapshot(const struct audit_view *view, struct audit_note *note)
{
	const struct cow_file_state *state = view->state;

	if (view->item->effective != COW_POLICY_OFF || view->item->nocow != COW_ANSWER_YES)
		return false;
	if (state->history_known != COW_ANSWER_YES) {
		audit_note_remedy(note, "audit as root");
		return audit_note_say(note, COW_SEVERITY_INFO,
				      "whether blocks are older than the last snapshot or balance, "
				      "and so copied once, is unknown (needs root)");
	}
	/* Blocks a living snapshot shares are old as well; these are told by shared-extents. */
	if (state->old_bytes <= state->shared_bytes)
		return false;
	audit_note_remedy(note, "cowctl unshare, while nobody has it open");
	return audit_note_say(note, COW_SEVERITY_WARNING,
			      "%s older than the last snapshot or balance of the subvolume: copied "
			      "once, on the next write",
			      AUDIT_SIZE(state->old_bytes - state->shared_bytes));
}
