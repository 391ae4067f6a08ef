/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compression and NOCOW exclude each other, and an overwrite inside a compressed extent leaves the
 * old one (up to 128 KiB) allocated until the last of it is overwritten. */
#include <stdio.h>

#include "audit/rule.h"

bool audit_rule_compressed(const struct audit_view *view, struct audit_note *note)
{
	uint64_t bytes = view->state->encoded_bytes;
	enum cow_severity severity =
		view->item->effective == COW_POLICY_OFF ? COW_SEVERITY_WARNING : COW_SEVERITY_INFO;

	if (!bytes && !view->compress)
		return false;
	/* Where copy-on-write is wanted, so may compression be. */
	if (view->item->policy != COW_POLICY_ON)
		audit_note_remedy(
			note, "chattr -c on it and its directory, then cowctl convert --cow off");
	if (!bytes)
		return audit_note_say(note, severity, "marked for compression (chattr +c)");
	return audit_note_say(note, severity, "%s in compressed or encrypted extents",
			      AUDIT_SIZE(bytes));
}
