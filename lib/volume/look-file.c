/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is in a file, and what an overwrite does to it: seen, or remembered from when it was. */
#include <fcntl.h>

#include <cow/attr.h>

#include "audit/judge.h"
#include "audit/look.h"
#include "base/text.h"
#include "image/chain.h"
#include "image/extents.h"
#include "probe/file-state.h"
#include "probe/own.h"
#include "probe/verdict.h"
#include "volume/header.h"
#include "volume/index.h"
#include "volume/look.h"

/* What a list looks at, so that a pool of scattered images takes no longer than any other. */
#define PIECES_MAX 256

/* A file that was changed less than so many seconds before it was looked into may be changed once
 * more without any of its times telling: clocks of filesystems tick slowly, vfat's every 2 s. */
#define TICK 2

static int count_piece(const struct fiemap_extent *extent, void *data)
{
	unsigned *count = data;

	(void)extent;
	return ++*count > PIECES_MAX ? -E2BIG : 0;
}

static bool is_scattered(int fd)
{
	unsigned count = 0;

	return image_extents_each(fd, 0, UINT64_MAX, count_piece, &count) == -E2BIG;
}

/* What follows from the flag alone. */
static void infer_state(const struct cow_layer *top, struct cow_file_state *state)
{
	if (state->nocow == COW_ANSWER_NO && top->cow_switch == COW_SWITCH_ATTRIBUTE) {
		state->overwrite = COW_OVERWRITE_COPIED;
		state->evidence = COW_EVIDENCE_REPORTED;
		base_copy(state->reason, sizeof(state->reason), "NOCOW is not set");
	} else if (state->nocow == COW_ANSWER_YES || top->cow_switch == COW_SWITCH_NOT_NEEDED) {
		state->overwrite = COW_OVERWRITE_IN_PLACE;
		state->evidence = COW_EVIDENCE_INFERRED;
		base_copy(state->reason, sizeof(state->reason),
			  "in so many pieces that a list doesn't look whether some are shared");
	}
}

/* In an overlay it is a matter of each file in which of the directories it lies. */
static bool is_place_of_all(const struct audit_place *place)
{
	return place->top && !cow_layer_detail(place->top, "in_upper");
}

static void see_state(struct look *look, int fd, const struct audit_place *place,
		      struct cow_file_state *state)
{
	uint32_t flags = 0;

	look->facts.scattered = !look->whole && is_place_of_all(place) && is_scattered(fd);
	if (look->facts.scattered) {
		if (cow_attr_get(fd, &flags, NULL) == 0)
			state->nocow = flags & COW_ATTR_NOCOW ? COW_ANSWER_YES : COW_ANSWER_NO;
		infer_state(place->top, state);
	} else {
		audit_look_state(fd, place, state);
	}
	look->facts.own = (uint8_t)probe_own_policy(fd);
	look->facts.nocow = (uint8_t)state->nocow;
	look->facts.mapped = (uint8_t)state->mapped;
	look->facts.history_known = (uint8_t)state->history_known;
	look->facts.shared = state->shared_bytes != 0;
	look->facts.old = state->old_bytes != 0;
}

/* What remembered facts come to here and now. A snapshot, a clone or a balance changes what is
 * shared, and how old it is, without a trace in the file's own times; deleting the clone as well.
 * That the generation of a Btrfs is still the same proves nothing (K22). */
static void recall_state(const struct volume_facts *facts, const struct audit_place *place,
			 struct cow_file_state *state)
{
	state->nocow = facts->nocow;
	state->mapped = facts->mapped;
	state->history_known = facts->history_known;
	state->shared_bytes = facts->shared;
	state->old_bytes = facts->old;
	if (facts->scattered)
		infer_state(place->top, state);
	else
		probe_file_judge(place->top, state);
	if (state->overwrite == COW_OVERWRITE_COPIED || facts->scattered ||
	    cow_layer_detail_answer(place->top, "reflink") == COW_ANSWER_NO)
		return;
	state->evidence = COW_EVIDENCE_INFERRED;
	base_copy_format(state->reason, sizeof(state->reason),
			 "remembered: %s when it was last looked into",
			 facts->shared ? "some extents were shared"
			 : facts->old  ? "some extents were older than a snapshot or balance"
				       : "nothing was shared");
}

static void take_state(struct look *look, const struct audit_place *place,
		       const struct cow_file_state *state)
{
	enum cow_policy own = look->facts.own;
	enum cow_policy policy = own ? own : look->place->pool->policy;
	struct cow_volume *volume = &look->volume;
	struct cow_file_state all = *state;
	/* A policy is met by the filesystem alone, of pools, volumes and audited images alike: what
	 * is below it, no flag reaches. */
	struct cow_audit_item item = {
		.format = volume->format, .nocow = state->nocow, .overwrite = state->overwrite};

	if (place->top)
		probe_fold_below(place->top, &all);
	item.effective = audit_judge_policy(policy, place);
	look->judged = state->overwrite != COW_OVERWRITE_UNKNOWN;
	volume->own = own;
	volume->nocow = state->nocow;
	volume->overwrite = all.overwrite;
	volume->evidence = all.evidence;
	volume->compliance = audit_judge(&item, place->top);
	base_copy(look->reason, sizeof(look->reason), all.reason);
}

static void take_header(struct look *look, struct cow_header *header)
{
	struct cow_volume *volume = &look->volume;

	volume->format = header->format;
	volume->format_version = header->version;
	volume->encrypted = header->encrypted;
	volume->how = header->how;
	volume->cluster_size = header->cluster_size;
	volume->lazy_refcounts = header->lazy_refcounts;
	volume->extended_l2 = header->extended_l2;
	volume->capacity = header->virtual_size;
	volume->capacity_known = volume_header_has_size(header) ? COW_ANSWER_YES : COW_ANSWER_NO;
	volume->backing_format = header->backing_format;
	look->written = header->backing;
	header->backing = NULL;
	if (header->damaged == COW_ANSWER_YES)
		base_copy(look->problem, sizeof(look->problem), "its header is damaged");
}

static void resolve_backing(struct look *look)
{
	BASE_CLEANUP(free) char *path = NULL;

	if (!look->written)
		return;
	path = base_format("%s/%s", look->place->pool->path, look->name);
	look->backing = path ? image_backing_path(path, look->written) : NULL;
}

/* What is remembered holds for the file as it was seen: not while a change may still go unnoticed,
 * nor of one with a problem, which may pass. */
static bool is_to_keep(const struct look *look, const struct audit_place *place)
{
	const struct cow_volume *volume = &look->volume;

	return !look->whole && !volume->symlink && look->mount == look->place->mount &&
	       is_place_of_all(place) && look->judged && !look->problem[0] &&
	       volume->changed.seconds < look->place->opened - TICK;
}

int look_at_file(struct look *look, int fd, const struct audit_place *place,
		 const char **ret_failed)
{
	struct cow_header header = {0};
	struct cow_file_state state = {0};
	int r;

	look->volume.type = COW_VOLUME_TYPE_FILE;
	/* A few blocks far from each other: reading ahead of each would fill the page cache. */
	posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
	r = cow_header_read(fd, &header, NULL);
	if (r < 0) {
		*ret_failed = "read its header";
		return r;
	}
	take_header(look, &header);
	cow_header_clear(&header);
	resolve_backing(look);
	see_state(look, fd, place, &state);
	take_state(look, place, &state);
	look->keep = is_to_keep(look, place);
	return 0;
}

static bool is_at(int64_t seconds, uint32_t nanoseconds, const struct cow_time *time)
{
	return time->seconds == seconds && time->nanoseconds == nanoseconds;
}

static bool is_same(const struct volume_record *record, const struct look *look)
{
	const struct cow_volume *volume = &look->volume;

	return record->inode == look->inode && record->size == volume->physical &&
	       is_at(record->modified, record->modified_ns, &volume->modified) &&
	       is_at(record->changed, record->changed_ns, &volume->changed) &&
	       is_at(record->born, record->born_ns, &volume->born);
}

/* @return false when there is no memory for it. */
static bool take_record(struct look *look, const struct volume_record *record)
{
	const char *backing = volume_record_backing(record);
	struct cow_volume *volume = &look->volume;

	volume->type = COW_VOLUME_TYPE_FILE;
	volume->format = record->format;
	volume->format_version = record->format_version;
	volume->encrypted = record->encrypted;
	volume->how = record->how;
	volume->capacity = record->capacity;
	volume->capacity_known = record->capacity_known;
	volume->backing_format = record->backing_format;
	look->facts = record->facts;
	look->written = backing ? strdup(backing) : NULL;
	resolve_backing(look);
	return !backing || look->written;
}

bool look_recall(struct look *look)
{
	const struct volume_record *record = look->known;
	struct cow_file_state state = {0};

	if (!record || !is_same(record, look) || look->mount != look->place->mount ||
	    !is_place_of_all(look->place->own) || !take_record(look, record))
		return false;
	recall_state(&look->facts, look->place->own, &state);
	take_state(look, look->place->own, &state);
	look->recalled = look->keep = true;
	return true;
}
