/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The directory would give the next image something else than the policy wants. Said once for a
 * directory, at its first image. */
#include "audit/rule.h"

bool audit_rule_directory_cow(const struct audit_view *view, struct audit_note *note)
{
	const struct cow_probe *probe = view->place->probe;

	if (!view->first || !probe || probe->cow_switch != COW_SWITCH_ATTRIBUTE)
		return false;
	if (view->item->effective == COW_POLICY_OFF && probe->new_files_nocow == COW_ANSWER_NO) {
		audit_note_remedy(note, "chattr +C on the directory, or cowctl pool build");
		return audit_note_say(note, COW_SEVERITY_WARNING,
				      "the directory isn't NOCOW: the next image in it will be "
				      "copied on write");
	}
	if (view->item->effective == COW_POLICY_ON && probe->new_files_nocow == COW_ANSWER_YES) {
		audit_note_remedy(note, "chattr -C on the directory, or cowctl pool build");
		return audit_note_say(note, COW_SEVERITY_WARNING,
				      "the directory is NOCOW: the next image in it will have no "
				      "checksums");
	}
	return false;
}
