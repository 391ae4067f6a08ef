/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <string.h>

#include <cow/audit.h>

#include "audit/item.h"
#include "audit/place.h"
#include "audit/walk.h"
#include "base/error.h"
#include "base/macro.h"
#include "base/text.h"

struct start {
	struct start *next;
	enum cow_policy policy;
	char *path;
	char *pool; /* or NULL */
};

struct cow_audit {
	unsigned flags;
	struct start *starts, **last; /* still to come, the first one under way */
	struct audit_walk *walk;      /* of the first one, or NULL */
	struct audit_entry entry;     /* where it is */
	struct base_crew *crew;
	/* At the files there: while one lot is judged, the next one is looked at. */
	struct audit_looks lots[2];
	unsigned now;  /* the lot that is judged */
	bool underway; /* the other one was begun */
	struct audit_place *places;
	struct audit_region *regions, **last_region;
	struct base_silence silence;
	struct cow_audit_summary summary;
};

COW_EXPORT int cow_audit_new(unsigned flags, struct cow_audit **ret, struct cow_error *err)
{
	struct cow_audit *audit;

	if (flags & ~(COW_AUDIT_CROSS_DEVICE | COW_AUDIT_ALL_FILES | COW_AUDIT_OVERRULE))
		return base_fail(err, EINVAL, "begin an audit: unknown flag");
	audit = calloc(1, sizeof(*audit));
	if (!audit || base_crew_new(&audit->crew) < 0) {
		free(audit);
		return base_fail(err, ENOMEM, "begin an audit");
	}
	audit->flags = flags;
	audit->last = &audit->starts;
	audit->last_region = &audit->regions;
	*ret = audit;
	return 0;
}

static void free_start(struct start *start)
{
	free(start->path);
	free(start->pool);
	free(start);
}

/* Done with the first start. */
static void drop_start(struct cow_audit *audit)
{
	struct start *start = audit->starts;

	if (audit->underway)
		base_crew_wait(audit->crew);
	audit->underway = false;
	audit_looks_clear(&audit->lots[0]);
	audit_looks_clear(&audit->lots[1]);
	audit->starts = start->next;
	if (!audit->starts)
		audit->last = &audit->starts;
	free_start(start);
	audit_walk_free(audit->walk);
	audit->walk = NULL;
}

COW_EXPORT void cow_audit_free(struct cow_audit *audit)
{
	if (!audit)
		return;
	while (audit->starts)
		drop_start(audit);
	base_crew_free(audit->crew);
	audit_places_free(audit->places);
	audit_regions_free(audit->regions);
	base_silence_clear(&audit->silence);
	free(audit);
}

COW_EXPORT int cow_audit_add(struct cow_audit *audit, const char *path, enum cow_policy policy,
			     const char *pool, struct cow_error *err)
{
	struct start *start;

	if (policy < COW_POLICY_OFF || policy > COW_POLICY_AUTO)
		return base_fail(err, EINVAL, "audit %s: no such policy", BASE_QUOTE(path));
	start = calloc(1, sizeof(*start));
	if (start) {
		start->policy = policy;
		start->path = strdup(path);
		start->pool = pool ? strdup(pool) : NULL;
	}
	if (!start || !start->path || (pool && !start->pool)) {
		if (start)
			free_start(start);
		return base_fail(err, ENOMEM, "audit %s", BASE_QUOTE(path));
	}
	*audit->last = start;
	audit->last = &start->next;
	return 0;
}

COW_EXPORT int cow_audit_set_policy(struct cow_audit *audit, const char *directory,
				    enum cow_policy policy, const char *pool, struct cow_error *err)
{
	struct audit_directory here = {0};
	struct audit_region *region;
	int r;

	if (policy < COW_POLICY_OFF || policy > COW_POLICY_AUTO)
		return base_fail(err, EINVAL, "audit %s: no such policy", BASE_QUOTE(directory));
	r = audit_identify(AT_FDCWD, directory, 0, &here);
	/* Nothing lies in what isn't there. */
	if (r < 0)
		return r == -ENOENT ? 0 : base_fail(err, -r, "look at %s", BASE_QUOTE(directory));
	region = calloc(1, sizeof(*region));
	if (region && pool)
		region->pool = strdup(pool);
	if (!region || (pool && !region->pool)) {
		audit_regions_free(region);
		return base_fail(err, ENOMEM, "audit %s", BASE_QUOTE(directory));
	}
	region->device = here.device;
	region->inode = here.inode;
	region->policy = policy;
	*audit->last_region = region;
	audit->last_region = &region->next;
	return 0;
}

static void count(struct cow_audit_summary *summary, const struct cow_audit_item *item)
{
	if (item->error.message[0]) {
		summary->errors++;
		return;
	}
	if (item->findings && base_equal(item->findings->rule, AUDIT_LEFTOVER))
		return;
	summary->images++;
	switch (item->compliance) {
	case COW_COMPLIANCE_OK:
	case COW_COMPLIANCE_NOT_APPLICABLE:
		summary->ok++;
		break;
	case COW_COMPLIANCE_DRIFTED:
		summary->drifted++;
		break;
	default:
		summary->unknown++;
	}
}

static struct audit_task task_of(const struct cow_audit *audit)
{
	const struct audit_directory *directory = audit->entry.directory;
	const struct audit_region *region = directory ? directory->region : NULL;

	return (struct audit_task){
		.policy = region ? region->policy : audit->starts->policy,
		.pool = region ? region->pool : audit->starts->pool,
	};
}

/* Begin to look at a file and at those that follow it in the same directory. */
static void begin(struct cow_audit *audit, struct audit_looks *lot, const char *name)
{
	const struct audit_entry *entry = &audit->entry;

	audit_looks_clear(lot);
	lot->lot.work = audit_look;
	lot->directory = entry->directory;
	lot->every = entry->named || audit->flags & COW_AUDIT_ALL_FILES;
	while (name) {
		lot->looks[lot->lot.count++] = (struct audit_look){.name = name};
		name = lot->lot.count < AUDIT_LOOKS_MAX ? audit_walk_more(audit->walk) : NULL;
	}
	base_crew_begin(audit->crew, &lot->lot);
}

/* Begin with what comes next, if it is files of the same directory. */
static void begin_more(struct cow_audit *audit)
{
	const char *name = audit_walk_more(audit->walk);

	audit->underway = name != NULL;
	if (name)
		begin(audit, &audit->lots[!audit->now], name);
}

/* Look at the file the walk came to, and some that follow it. */
static int look_on(struct cow_audit *audit)
{
	struct audit_directory *directory = audit->entry.directory;
	int r = 0;

	if (!directory->place)
		r = audit_place_find(&audit->places, directory, &directory->place);
	if (r < 0)
		return r;
	begin(audit, &audit->lots[audit->now], audit->entry.name);
	begin_more(audit);
	base_crew_wait(audit->crew);
	return 0;
}

/* Go on with the lot that was begun meanwhile. */
static void look_further(struct cow_audit *audit)
{
	base_crew_wait(audit->crew);
	audit->now = !audit->now;
	begin_more(audit);
}

/* Judge the next file that was looked at. @return 1 an item, 0 none, -ENOMEM. */
static int judge_next(struct cow_audit *audit, struct cow_audit_item **ret_item)
{
	struct audit_looks *lot = &audit->lots[audit->now];
	const struct audit_look *look = &lot->looks[lot->done++];
	struct audit_task task = task_of(audit);
	const char *path = audit->entry.path;

	task.silence = &audit->silence;
	if (look->result == 0)
		return 0;
	if (look->own && !(audit->flags & COW_AUDIT_OVERRULE))
		task.policy = look->own;
	if (!audit->entry.named)
		path = audit_walk_path(audit->walk, look->name);
	if (!path)
		return -ENOMEM;
	return audit_item_new(path, audit->entry.directory, look, &task, ret_item);
}

/* The next item below the first start. @return 1 an item, 0 the end of it, negative errno. */
static int next_below(struct cow_audit *audit, struct cow_audit_item **ret_item,
		      struct cow_error *err)
{
	const char *start = audit->starts->path;
	int r = 0;

	if (!audit->walk)
		r = audit_walk_new(start, audit->flags & COW_AUDIT_CROSS_DEVICE, audit->regions,
				   &audit->walk, err);
	while (r == 0) {
		if (audit->lots[audit->now].done < audit->lots[audit->now].lot.count) {
			r = judge_next(audit, ret_item);
		} else if (audit->underway) {
			look_further(audit);
		} else if ((r = audit_walk_next(audit->walk, &audit->entry, err)) <= 0) {
			return r;
		} else if (audit->entry.error) {
			const struct audit_task task = task_of(audit);

			r = audit_item_new_error(audit->entry.path, &task, audit->entry.error,
						 ret_item);
		} else {
			r = look_on(audit);
		}
	}
	return r < 0 ? base_fail(err, -r, "audit %s", BASE_QUOTE(start)) : r;
}

COW_EXPORT int cow_audit_next(struct cow_audit *audit, struct cow_audit_item **ret_item,
			      struct cow_error *err)
{
	while (audit->starts) {
		int r = next_below(audit, ret_item, err);

		if (r == 1)
			count(&audit->summary, *ret_item);
		if (r != 0)
			return r;
		drop_start(audit);
	}
	return 0;
}

COW_EXPORT void cow_audit_get_summary(const struct cow_audit *audit, struct cow_audit_summary *ret)
{
	*ret = audit->summary;
}
