/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file says it is of a format, and the rest of its header makes no sense. */
#include <cow/image.h>

#include "audit/rule.h"

bool audit_rule_damaged_header(const struct audit_view *view, struct audit_note *note)
{
	if (view->header->damaged != COW_ANSWER_YES)
		return false;
	audit_note_remedy(note, "look at it with qemu-img check; restore it from a copy");
	return audit_note_say(note, COW_SEVERITY_ERROR, "the %s header is damaged",
			      cow_format_name(view->header->format));
}
