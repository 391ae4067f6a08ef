/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rules of folding:
 *  1. The top layer is judged by the best evidence there is: measured, else reported.
 *  2. The worst known layer decides. "copied" anywhere is final.
 *  3. Otherwise a layer that is unknown makes the whole unknown: a good answer may not be built on
 *     something nobody looked at.
 */
#include <sys/stat.h>

#include "base/error.h"
#include "base/text.h"
#include "probe/verdict.h"

/* One layer's say in the verdict. */
struct judgement {
	enum cow_overwrite overwrite;
	enum cow_evidence evidence;
	const struct cow_layer *layer;
	const struct cow_layer *above; /* what stands on that layer */
	const char *reason;
};

/* An overlay has no storage of its own: measured through it means measured in its upper
 * filesystem, whose report would only repeat it (or contradict it, speaking of a directory). */
static const struct cow_layer *under(const struct cow_layer *top)
{
	if (base_equal(top->type, "overlay") && top->below &&
	    !base_equal(top->below->type, "unknown"))
		return top->below->below;
	return top->below;
}

static enum cow_overwrite unmeasured_in_directory(const struct probe_input *in)
{
	if (in->directory_nocow == COW_ANSWER_YES)
		return COW_OVERWRITE_IN_PLACE;
	switch (in->layer->cow_switch) {
	case COW_SWITCH_ATTRIBUTE:
		return in->directory_nocow == COW_ANSWER_NO ? COW_OVERWRITE_COPIED
							    : COW_OVERWRITE_UNKNOWN;
	case COW_SWITCH_MOUNT_OPTION:
	case COW_SWITCH_NOT_NEEDED:
		return COW_OVERWRITE_IN_PLACE;
	default:
		return in->layer->overwrite;
	}
}

static struct judgement judge_new_files(const struct probe_input *in)
{
	const struct probe_measurement *m = &in->measured;
	const struct cow_layer *layer = in->layer;
	struct judgement j = {layer->overwrite, layer->evidence, layer, NULL, layer->reason};

	if (m->as_born && m->as_born_page) {
		j.evidence = COW_EVIDENCE_MEASURED;
		j.overwrite = m->as_born > m->as_born_page ? m->as_born : m->as_born_page;
		j.reason = j.overwrite == COW_OVERWRITE_IN_PLACE ? "an overwrite stayed in place"
			   : m->as_born_page == COW_OVERWRITE_IN_PLACE
				   ? "a large overwrite went elsewhere, a single page stayed"
				   : "an overwrite went elsewhere";
	} else if (S_ISREG(in->mode)) {
		/* The layer speaks of the file; its directory may differ. */
		j.overwrite = unmeasured_in_directory(in);
	}
	return j;
}

static struct judgement judge_top(const struct probe_input *in, const struct judgement *new_files)
{
	struct judgement j = *new_files;

	if (S_ISREG(in->mode)) {
		j.overwrite = in->file.overwrite;
		j.evidence = in->file.evidence;
		j.reason = in->file_problem ? "the file can't be read" : in->file.reason;
	} else if (!S_ISDIR(in->mode) && !S_ISBLK(in->mode)) {
		j.overwrite = COW_OVERWRITE_UNKNOWN;
		j.evidence = COW_EVIDENCE_NONE;
		j.reason = "not a file, directory or block device: it holds no data";
	}
	return j;
}

/* Rule 2 and 3 over the layers beside and below. */
static void fold_layers(const struct cow_layer *layer, const struct cow_layer *above,
			struct judgement *worst, struct judgement *unknown)
{
	for (; layer; layer = layer->next) {
		struct judgement j = {layer->overwrite, layer->evidence, layer, above,
				      layer->reason};

		if (!j.overwrite && !unknown->layer)
			*unknown = j;
		if (j.overwrite > worst->overwrite)
			*worst = j;
		fold_layers(layer->below, layer, worst, unknown);
	}
}

static struct judgement judge_all(const struct cow_layer *layer, const struct judgement *top)
{
	struct judgement worst = *top, unknown = {0};

	if (!top->overwrite)
		unknown = *top;
	fold_layers(under(layer), layer, &worst, &unknown);
	return worst.overwrite != COW_OVERWRITE_COPIED && unknown.layer ? unknown : worst;
}

void probe_fold_below(const struct cow_layer *top, struct cow_file_state *state)
{
	const struct judgement own = {state->overwrite, state->evidence, top, NULL, state->reason};
	struct judgement worst = judge_all(top, &own);

	if (worst.layer == top)
		return;
	state->overwrite = worst.overwrite;
	state->evidence = worst.overwrite ? worst.evidence : COW_EVIDENCE_NONE;
	base_copy_format(state->reason, sizeof(state->reason), "%s: %s", worst.layer->type,
			 worst.reason ? worst.reason : "no reason known");
}

/* What switches copying off in the top layer, by trying where it was tried. */
static enum cow_switch judge_switch(const struct probe_input *in)
{
	const struct probe_measurement *m = &in->measured;
	bool in_place =
		m->as_born == COW_OVERWRITE_IN_PLACE && m->as_born_page == COW_OVERWRITE_IN_PLACE;

	if (in_place && m->born_nocow != COW_ANSWER_YES)
		return COW_SWITCH_NOT_NEEDED;
	if (in_place && in->layer->cow_switch == COW_SWITCH_MOUNT_OPTION)
		return COW_SWITCH_MOUNT_OPTION;
	if (in_place || m->flagged_in_place == COW_ANSWER_YES)
		return COW_SWITCH_ATTRIBUTE;
	if (m->flagged_in_place == COW_ANSWER_NO ||
	    (m->as_born == COW_OVERWRITE_COPIED && m->settable == COW_ANSWER_NO))
		return in->layer->cow_switch == COW_SWITCH_MOUNT_OPTION ? COW_SWITCH_MOUNT_OPTION
									: COW_SWITCH_NONE;
	return in->layer->cow_switch;
}

static enum cow_answer judge_born_nocow(const struct probe_input *in)
{
	if (in->measured.born_nocow)
		return in->measured.born_nocow;
	if (in->directory_nocow == COW_ANSWER_NO &&
	    cow_layer_detail_answer(in->layer, "nodatacow") == COW_ANSWER_YES)
		return COW_ANSWER_YES;
	return in->directory_nocow;
}

/* Deleting snapshots doesn't end it: what is older than the last one is still copied once, on Btrfs
 * (K7) and on a thin volume alike. Only a block's next write does. */
#define ONCE                                                                                       \
	"nothing to be done: each such block is copied on its next write and then stays, until "

static void advise_top(const struct probe_input *in, const struct cow_probe *probe,
		       struct probe_verdict *ret)
{
	const char *text = "";

	if (probe->compress == COW_ANSWER_YES && probe->cow_switch == COW_SWITCH_ATTRIBUTE)
		text = "clear the compression flag first (chattr -c -m), then set NOCOW";
	else if (probe->cow_switch == COW_SWITCH_NONE)
		text = "none here: nothing switches copying off; use another filesystem";
	else if (S_ISREG(in->mode) && probe->own_overwrite == COW_OVERWRITE_COPIED)
		text = "cowctl convert --cow off";
	else if (S_ISREG(in->mode))
		text = ONCE "there is a new snapshot or clone";
	else
		text = "set NOCOW on the directory for new files (cowctl pool build, chattr +C); "
		       "cowctl convert --cow off for files that exist";
	base_copy(ret->remedy, sizeof(ret->remedy), text);
}

static void advise_below(const struct judgement *worst, struct probe_verdict *ret)
{
	const char *file = cow_layer_detail_text(worst->above, "backing_file");

	if (worst->layer->cow_switch == COW_SWITCH_ATTRIBUTE && file)
		base_copy_format(ret->remedy, sizeof(ret->remedy),
				 "while %s is not in use: cowctl convert --cow off %s",
				 worst->above->name, BASE_QUOTE(file));
	else if (worst->overwrite == COW_OVERWRITE_COPIED_ONCE)
		base_copy_format(ret->remedy, sizeof(ret->remedy),
				 ONCE "there is a new snapshot of %s", worst->layer->name);
	else
		base_copy_format(ret->remedy, sizeof(ret->remedy),
				 "none: %s has no switch; use another device", worst->layer->type);
}

static void advise_unknown(const struct judgement *unknown, struct probe_verdict *ret)
{
	const char *who = cow_layer_detail_text(unknown->layer, "decided_by");
	const char *source = cow_layer_detail_text(unknown->layer, "source");

	if (who && source)
		base_copy_format(ret->remedy, sizeof(ret->remedy),
				 "ask %s: cowctl probe there, of what is %s here", who,
				 BASE_QUOTE(source));
}

static void explain(const struct probe_input *in, const struct judgement *j,
		    struct probe_verdict *ret)
{
	bool top = j->layer == in->layer;

	base_copy_format(ret->reason, sizeof(ret->reason), "%s%s%s", top ? "" : j->layer->type,
			 top ? "" : ": ", j->reason ? j->reason : "no reason known");
	if (top && S_ISDIR(in->mode) && j->evidence != COW_EVIDENCE_MEASURED &&
	    in->measured.why_not[0]) {
		size_t n = strlen(ret->reason);

		base_copy_format(ret->reason + n, sizeof(ret->reason) - n, " (not measured: %s)",
				 in->measured.why_not);
	}
}

void probe_fold(const struct probe_input *in, struct cow_probe *probe, struct probe_verdict *ret)
{
	struct judgement new_files = judge_new_files(in);
	struct judgement top = judge_top(in, &new_files);
	struct judgement worst = judge_all(in->layer, &top);

	memset(ret, 0, sizeof(*ret));
	probe->own_overwrite = top.overwrite;
	probe->own_evidence = top.evidence;
	probe->overwrite = worst.overwrite;
	probe->evidence = worst.overwrite ? worst.evidence : COW_EVIDENCE_NONE;
	probe->cow_switch = judge_switch(in);
	probe->new_files_overwrite = new_files.overwrite;
	probe->new_files_nocow = judge_born_nocow(in);
	probe->settable = in->measured.settable;
	probe->flagged_in_place = in->measured.flagged_in_place;
	if (in->measured.conflict == COW_ANSWER_YES)
		probe->compress = COW_ANSWER_YES;
	explain(in, &worst, ret);
	if (worst.overwrite == COW_OVERWRITE_IN_PLACE)
		return;
	if (!worst.overwrite)
		advise_unknown(&worst, ret);
	else if (worst.layer == in->layer)
		advise_top(in, probe, ret);
	else
		advise_below(&worst, ret);
}
