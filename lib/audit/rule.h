/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AUDIT_RULE_H
#define AUDIT_RULE_H

#include <cow/audit.h>
#include <cow/probe.h>
#include <stdbool.h>

#include "audit/place.h"
#include "base/macro.h"

/* Everything known about one image. Rules look at it and at nothing else, so they are pure and an
 * audit can't do more than it says. */
struct audit_view {
	const struct cow_audit_item *item; /* judged, but for the findings */
	const struct cow_header *header;
	const struct cow_file_state *state;
	const struct audit_place *place; /* what is known of the directory it is in */
	bool compress;                   /* carries chattr's c */
	bool first;                      /* the first image seen in its directory */
};

struct audit_note {
	enum cow_severity severity;
	char message[256];
	char remedy[256]; /* or "" */
};

/* A rule fills the note and says true when it has something to say. */
typedef bool (*audit_rule)(const struct audit_view *view, struct audit_note *note);

/* A new rule: its file, its line here, its line in rules.c, and its test. */
bool audit_rule_cow_image(const struct audit_view *view, struct audit_note *note);
bool audit_rule_nocow_image(const struct audit_view *view, struct audit_note *note);
bool audit_rule_directory_cow(const struct audit_view *view, struct audit_note *note);
bool audit_rule_shared_extents(const struct audit_view *view, struct audit_note *note);
bool audit_rule_older_than_snapshot(const struct audit_view *view, struct audit_note *note);
bool audit_rule_fragmented(const struct audit_view *view, struct audit_note *note);
bool audit_rule_compressed(const struct audit_view *view, struct audit_note *note);
bool audit_rule_redundant_nocow(const struct audit_view *view, struct audit_note *note);
bool audit_rule_layer_below_copies(const struct audit_view *view, struct audit_note *note);
bool audit_rule_backing_missing(const struct audit_view *view, struct audit_note *note);
bool audit_rule_damaged_header(const struct audit_view *view, struct audit_note *note);

/* Say it. A size in words lives until the end of the enclosing block. */
bool audit_note_say(struct audit_note *note, enum cow_severity severity, const char *format, ...)
	BASE_PRINTF(3, 4);
void audit_note_remedy(struct audit_note *note, const char *format, ...) BASE_PRINTF(2, 3);
#define AUDIT_SIZE(bytes) cow_size_format((bytes), (char[COW_SIZE_TEXT_MAX]){0}, COW_SIZE_TEXT_MAX)

/* Hold a view against all rules. @return 0 with the findings in the order of the table, to be
 * freed with audit_findings_free(), or -ENOMEM. */
int audit_rules_check(const struct audit_view *view, const struct cow_finding **ret);

/* One finding made by hand, put before `next`; NULL when out of memory, next is then untouched. */
const struct cow_finding *audit_finding_new(const char *rule, const struct audit_note *note,
					    const struct cow_finding *next);
void audit_findings_free(const struct cow_finding *findings);

#endif
