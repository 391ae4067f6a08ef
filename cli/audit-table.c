/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cowctl audit: what its table and its JSON say of an image. */
#include "audit.h"

struct cli_value cli_audit_format(enum cow_format format)
{
	return format == COW_FORMAT_UNKNOWN ? cli_text(NULL) : cli_text(cow_format_name(format));
}

static struct cli_value count_of(const struct cow_audit_item *item, uint64_t count)
{
	return item->mapped == COW_ANSWER_YES ? cli_number(count) : cli_unknown();
}

static struct cli_value policy_of(enum cow_policy policy)
{
	return policy == COW_POLICY_UNKNOWN ? cli_unknown() : cli_text(cow_policy_name(policy));
}

/* The names of the rules that have something to say. */
static struct cli_value rules_of(const struct cow_audit_item *item)
{
	return cli_text(item->findings ? item->findings->rule : NULL);
}

static struct cli_value backing_of(const struct cow_audit_item *item)
{
	return cli_path(item->chain && item->chain->next ? item->chain->next->path : NULL);
}

/* Name of the function, what it gives of an image, what of a backing file. */
#define DEFINE_GETTER(name, of_item, of_step)                                                      \
	static struct cli_value get_##name(const void *data)                                       \
	{                                                                                          \
		const struct audited *row = data;                                                  \
		const struct cow_audit_item *item = row->item;                                     \
		const struct cow_chain *step = row->step;                                          \
		(void)item;                                                                        \
		return step ? (of_step) : (of_item);                                               \
	}

#define NOTHING cli_text(NULL)
DEFINE_GETTER(compliance, cli_text(cow_compliance_name(item->compliance)), NOTHING)
DEFINE_GETTER(overwrite, cli_text(cow_overwrite_name(item->overwrite)), NOTHING)
DEFINE_GETTER(evidence, cli_text(cow_evidence_name(item->evidence)), NOTHING)
DEFINE_GETTER(nocow, cli_answer(item->nocow), NOTHING)
DEFINE_GETTER(format, cli_audit_format(item->format), cli_audit_format(step->format))
DEFINE_GETTER(size, cli_bytes(item->size), NOTHING)
DEFINE_GETTER(allocated, cli_bytes(item->allocated), NOTHING)
DEFINE_GETTER(extents, count_of(item, item->extents), NOTHING)
DEFINE_GETTER(runs, count_of(item, item->runs), NOTHING)
DEFINE_GETTER(shared, item->mapped == COW_ANSWER_YES ? cli_bytes(item->shared) : cli_unknown(),
	      NOTHING)
DEFINE_GETTER(old, item->history == COW_ANSWER_YES ? cli_bytes(item->old) : cli_unknown(), NOTHING)
DEFINE_GETTER(pool, cli_text(item->pool), NOTHING)
DEFINE_GETTER(policy, policy_of(item->policy), NOTHING)
DEFINE_GETTER(effective, policy_of(item->effective), NOTHING)
DEFINE_GETTER(rule, rules_of(item), cli_text(step->problem))
DEFINE_GETTER(path, cli_path(item->path), cli_path(step->path))
DEFINE_GETTER(backing, backing_of(item), cli_path(step->next ? step->next->path : NULL))
DEFINE_GETTER(reason, cli_text(item->reason), cli_text(step->problem))

const struct cli_column cli_audit_columns[] = {
	{"PATH", "file", "path", 0, CLI_COLUMN_TREE, get_path},
	{"COMPLIANCE", "ok, drifted, not-applicable or unknown", "compliance", 0, 0,
	 get_compliance},
	{"OVERWRITE", "in-place, copied-once, copied or unknown", "overwrite", 0, 0, get_overwrite},
	{"FORMAT", "image format, recognised by content", "format", 0, 0, get_format},
	{"SIZE", "length of the file", "size", 0, CLI_COLUMN_RIGHT, get_size},
	{"ALLOC", "bytes it takes on disk", "allocated", 0, CLI_COLUMN_RIGHT, get_allocated},
	{"RUNS", "physically discontiguous runs", "runs", 0, CLI_COLUMN_RIGHT, get_runs},
	{"SHARED", "bytes shared with snapshots and clones", "shared", 0, CLI_COLUMN_RIGHT,
	 get_shared},
	{"POLICY", "what it is held against: off, on or auto", "policy", 0, 0, get_policy},
	{"EFFECTIVE", "what the policy comes to here: off or on", "effective", 0, CLI_COLUMN_HIDDEN,
	 get_effective},
	{"EVIDENCE", "how the overwrite state is known", "evidence", 0, CLI_COLUMN_HIDDEN,
	 get_evidence},
	{"NOCOW", "carries the NOCOW flag", "nocow", 0, CLI_COLUMN_HIDDEN, get_nocow},
	{"EXTENTS", "extent rows", "extents", 0, CLI_COLUMN_HIDDEN | CLI_COLUMN_RIGHT, get_extents},
	{"OLD", "bytes older than the last snapshot or balance", "old", 0,
	 CLI_COLUMN_HIDDEN | CLI_COLUMN_RIGHT, get_old},
	{"POOL", "pool it belongs to", "pool", 0, CLI_COLUMN_HIDDEN, get_pool},
	{"FINDING", "worst finding; all are in JSON", NULL, 0, CLI_COLUMN_HIDDEN, get_rule},
	{"BACKING", "file it is backed by", NULL, 0, CLI_COLUMN_HIDDEN, get_backing},
	{"REASON", "why it overwrites like that", "reason", 0, CLI_COLUMN_HIDDEN, get_reason},
	{NULL},
};
