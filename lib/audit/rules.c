/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stdio.h>

#include "audit/rule.h"
#include "base/text.h"

/* Worst first: the order in which findings are shown. */
static const struct {
	const char *name;
	audit_rule check;
} rules[] = {
	{"damaged-header", audit_rule_damaged_header},
	{"backing-missing", audit_rule_backing_missing},
	{"cow-image", audit_rule_cow_image},
	{"nocow-image", audit_rule_nocow_image},
	{"redundant-nocow", audit_rule_redundant_nocow},
	{"layer-below-copies", audit_rule_layer_below_copies},
	{"shared-extents", audit_rule_shared_extents},
	{"older-than-snapshot", audit_rule_older_than_snapshot},
	{"compressed", audit_rule_compressed},
	{"fragmented", audit_rule_fragmented},
	{"directory-cow", audit_rule_directory_cow},
};

COW_EXPORT const char *cow_severity_name(enum cow_severity severity)
{
	static const char *const names[] = {"unknown", "info", "warning", "error"};

	return BASE_NAME(names, severity);
}

bool audit_note_say(struct audit_note *note, enum cow_severity severity, const char *format, ...)
{
	va_list arguments;

	note->severity = severity;
	va_start(arguments, format);
	vsnprintf(note->message, sizeof(note->message), format, arguments);
	va_end(arguments);
	return true;
}

void audit_note_remedy(struct audit_note *note, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(note->remedy, sizeof(note->remedy), format, arguments);
	va_end(arguments);
}

void audit_findings_free(const struct cow_finding *findings)
{
	while (findings) {
		const struct cow_finding *next = findings->next;

		free((void *)(uintptr_t)findings);
		findings = next;
	}
}

/* The texts lie behind the finding, in one piece of memory. */
const struct cow_finding *audit_finding_new(const char *rule, const struct audit_note *note,
					    const struct cow_finding *next)
{
	struct {
		struct cow_finding finding;
		struct audit_note note;
	} *made = malloc(sizeof(*made));

	if (!made)
		return NULL;
	made->note = *note;
	made->finding = (struct cow_finding){
		.next = next,
		.rule = rule,
		.severity = note->severity,
		.message = made->note.message,
		.remedy = note->remedy[0] ? made->note.remedy : NULL,
	};
	return &made->finding;
}

int audit_rules_check(const struct audit_view *view, const struct cow_finding **ret)
{
	const struct cow_finding *findings = NULL;

	/* Backwards, as each goes before the ones there are. */
	for (size_t i = BASE_ARRAY_SIZE(rules); i-- > 0;) {
		struct audit_note note = {0};
		const struct cow_finding *finding;

		if (!rules[i].check(view, &note))
			continue;
		finding = audit_finding_new(rules[i].name, &note, findings);
		if (!finding) {
			audit_findings_free(findings);
			return -ENOMEM;
		}
		findings = finding;
	}
	*ret = findings;
	return 0;
}
