/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One file: its own flag, its sharing, its age. Nothing is written to it, not even a flag. */
#include <cow/attr.h>
#include <cow/image.h>

#include "base/error.h"
#include "base/text.h"
#include "probe/file-state.h"

/* What the flag comes to. Without it, where something can switch copying off, it is copied. */
static enum cow_overwrite by_flag(const struct cow_layer *layer, enum cow_answer nocow)
{
	if (nocow == COW_ANSWER_YES)
		return COW_OVERWRITE_IN_PLACE;
	switch (layer->cow_switch) {
	case COW_SWITCH_ATTRIBUTE:
	case COW_SWITCH_MOUNT_OPTION:
		return COW_OVERWRITE_COPIED;
	case COW_SWITCH_NOT_NEEDED:
		return COW_OVERWRITE_IN_PLACE;
	default:
		return layer->overwrite;
	}
}

static void read_extents(int fd, struct cow_file_state *state)
{
	struct cow_extents extents;

	state->mapped = COW_ANSWER_NO;
	if (cow_extents_read(fd, 0, &extents, NULL) < 0)
		return;
	state->mapped = COW_ANSWER_YES;
	state->rows = extents.rows;
	state->runs = extents.runs;
	state->shared_bytes = extents.shared_bytes;
	state->unwritten_bytes = extents.unwritten_bytes;
	state->encoded_bytes = extents.encoded_bytes;
}

/* Where the data is: an overlay has none of its own. */
static const struct cow_layer *storing(const struct cow_layer *layer)
{
	return base_equal(layer->type, "overlay") && layer->below ? layer->below : layer;
}

/* Btrfs copies a NOCOW block once more when it is not newer than the last snapshot of its
 * subvolume, deleted or not; FIEMAP shows nothing of that (docs/kernel-facts.md). */
static void read_history(int fd, const struct cow_layer *layer, struct cow_file_state *state)
{
	/* Through an overlay Btrfs can't be asked, and it is only Btrfs that has such a history. */
	bool hidden = storing(layer) != layer && base_equal(storing(layer)->type, "btrfs");
	int r = cow_extents_read_history(fd, &state->old_bytes, NULL);

	state->history_known = r == 0 || (r == -ENOTTY && !hidden) ? COW_ANSWER_YES : COW_ANSWER_NO;
}

static void set(struct cow_file_state *state, enum cow_overwrite overwrite,
		enum cow_evidence evidence, const char *reason)
{
	state->overwrite = overwrite;
	state->evidence = evidence;
	base_copy(state->reason, sizeof(state->reason), reason);
}

/* In place as far as the flag goes; but is every block the file's own, and young enough? */
static void judge_in_place(const struct cow_layer *layer, struct cow_file_state *state)
{
	if (state->shared_bytes)
		set(state, COW_OVERWRITE_COPIED_ONCE, COW_EVIDENCE_REPORTED,
		    "some extents are shared with a snapshot or clone");
	else if (state->old_bytes)
		set(state, COW_OVERWRITE_COPIED_ONCE, COW_EVIDENCE_REPORTED,
		    "some extents are older than the last snapshot or balance");
	else if (cow_layer_detail_answer(storing(layer), "seed") == COW_ANSWER_YES)
		set(state, COW_OVERWRITE_COPIED_ONCE, COW_EVIDENCE_REPORTED,
		    "what still lies on the seed device is written to another one");
	else if (state->mapped == COW_ANSWER_NO)
		set(state, COW_OVERWRITE_IN_PLACE, COW_EVIDENCE_INFERRED, layer->reason);
	else if (state->history_known == COW_ANSWER_NO)
		set(state, COW_OVERWRITE_IN_PLACE, COW_EVIDENCE_INFERRED,
		    "NOCOW and nothing shared; age against the last snapshot is not known (needs "
		    "root)");
	else if (state->nocow == COW_ANSWER_YES)
		set(state, COW_OVERWRITE_IN_PLACE, COW_EVIDENCE_REPORTED,
		    "NOCOW is set and nothing is shared");
	else
		set(state, COW_OVERWRITE_IN_PLACE, COW_EVIDENCE_REPORTED, layer->reason);
}

/* A lower file of an overlay: its flag and extents are those of a file that is copied up before
 * anything is written to it. */
static bool is_below(const struct cow_layer *layer)
{
	return cow_layer_detail_answer(layer, "in_upper") == COW_ANSWER_NO;
}

/* Whether sharing and age have a say. */
static bool may_be_in_place(enum cow_overwrite overwrite)
{
	return overwrite == COW_OVERWRITE_IN_PLACE || overwrite == COW_OVERWRITE_COPIED_ONCE;
}

void probe_file_judge(const struct cow_layer *layer, struct cow_file_state *state)
{
	enum cow_overwrite overwrite = by_flag(layer, state->nocow);

	if (is_below(layer))
		set(state, layer->overwrite, layer->evidence, layer->reason);
	else if (may_be_in_place(overwrite))
		judge_in_place(layer, state);
	else if (overwrite == COW_OVERWRITE_COPIED)
		set(state, overwrite, COW_EVIDENCE_REPORTED,
		    state->nocow == COW_ANSWER_NO && layer->cow_switch != COW_SWITCH_NONE
			    ? "NOCOW is not set"
			    : layer->reason);
	else
		set(state, overwrite, COW_EVIDENCE_NONE, layer->reason);
}

COW_EXPORT int cow_file_state_read(int fd, const struct cow_layer *layer,
				   struct cow_file_state *ret, struct cow_error *err)
{
	struct cow_file_state state = {0};
	uint32_t flags = 0;
	int r = cow_attr_get(fd, &flags, err);

	if (r == 0)
		state.nocow = flags & COW_ATTR_NOCOW ? COW_ANSWER_YES : COW_ANSWER_NO;
	else if (r != -ENOTTY && r != -EOPNOTSUPP && r != -ENOSYS)
		return r;
	read_extents(fd, &state);
	if (!is_below(layer) && may_be_in_place(by_flag(layer, state.nocow)))
		read_history(fd, layer, &state);
	probe_file_judge(layer, &state);
	*ret = state;
	return 0;
}
