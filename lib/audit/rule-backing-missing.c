/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The chain of backing files ends where it shouldn't. */
#include "audit/rule.h"
#include "base/error.h"

bool audit_rule_backing_missing(const struct audit_view *view, struct audit_note *note)
{
	for (const struct cow_chain *step = view->item->chain; step; step = step->next)
		if (step->problem)
			return audit_note_say(note, COW_SEVERITY_ERROR, "backing file %s: %s",
					      BASE_QUOTE(step->path), step->problem);
	return false;
}
