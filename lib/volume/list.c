/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All volumes of a pool, lot by lot: while one is handed out the next one is looked at. */
#include <stdatomic.h>

#include "base/crew.h"
#include "base/error.h"
#include "volume/index.h"
#include "volume/names.h"

/* Each lot wakes all threads, and has all of its volumes in memory. */
#define LOT 1024

struct lot {
	struct base_lot lot; /* first: one is the other */
	struct cow_volume_list *list;
	char *const *names;
	const struct volume_record *known[LOT]; /* what is remembered, or NULL */
	struct volume_made *made[LOT];          /* what was seen, or NULL: no volume */
	size_t done;                            /* how many were handed out */
};

struct cow_volume_list {
	struct volume_place place;
	struct volume_names names;
	size_t begun; /* how many of them somebody was told to look at */
	struct base_crew *crew;
	/* One is handed out, and the other one was begun: at the end with nothing in it. */
	struct lot lots[2];
	unsigned now;
	atomic_int failed;
	struct volume_index index;
	struct volume_renewal renewal;
	struct cow_volume_counts counts;
};

static void look(struct base_lot *base, size_t i)
{
	struct lot *lot = (struct lot *)base;
	struct cow_volume_list *list = lot->list;
	int r = volume_look(&list->place, false, lot->names[i], lot->known[i], &lot->made[i]);

	if (r < 0)
		atomic_store(&list->failed, r);
}

static void begin(struct cow_volume_list *list, struct lot *lot)
{
	size_t left = list->names.count - list->begun;

	lot->list = list;
	lot->names = list->names.names + list->begun;
	lot->lot.work = look;
	lot->lot.count = left < LOT ? left : LOT;
	lot->done = 0;
	for (size_t i = 0; i < lot->lot.count; i++) {
		lot->known[i] = volume_index_find(&list->index, lot->names[i]);
		lot->made[i] = NULL;
	}
	list->begun += lot->lot.count;
	base_crew_begin(list->crew, &lot->lot);
}

/* Go on with the lot that was begun meanwhile. */
static struct lot *turn(struct cow_volume_list *list)
{
	base_crew_wait(list->crew);
	list->now = !list->now;
	begin(list, &list->lots[!list->now]);
	return &list->lots[list->now];
}

/* Everything but the threads. @return 0 or -errno. */
static int prepare(struct cow_volume_list *list, bool fresh)
{
	int r = volume_names_read(&list->names, list->place.fd);

	if (r == 0)
		r = base_crew_new(&list->crew);
	if (!fresh)
		volume_index_read(&list->place, &list->index);
	volume_renewal_begin(&list->renewal, &list->place, &list->index);
	return r;
}

/* With nothing under way. */
static void dismantle(struct cow_volume_list *list)
{
	base_crew_free(list->crew);
	volume_renewal_end(&list->renewal);
	base_cleanup_index(&list->index);
	base_cleanup_volume_names(&list->names);
	volume_place_close(&list->place);
	free(list);
}

static void forget(struct lot *lot)
{
	for (; lot->done < lot->lot.count; lot->done++)
		if (lot->made[lot->done])
			cow_volume_free(&lot->made[lot->done]->volume);
}

COW_EXPORT int cow_volume_list_new(struct cow_pool_store *store, const struct cow_pool *pool,
				   unsigned flags, struct cow_volume_list **ret,
				   struct cow_error *err)
{
	struct cow_volume_list *list;
	int r;

	if (flags & ~COW_VOLUME_LIST_NO_INDEX)
		return base_fail(err, EINVAL, "list volumes: unknown flags 0x%x", flags);
	list = calloc(1, sizeof(*list));
	if (!list)
		return base_fail(err, ENOMEM, "list directory %s", BASE_QUOTE(pool->path));
	r = volume_place_open(&list->place, store, pool, err);
	if (r < 0) {
		free(list);
		return r;
	}
	r = prepare(list, flags & COW_VOLUME_LIST_NO_INDEX);
	if (r < 0) {
		dismantle(list);
		return base_fail(err, -r, "list directory %s", BASE_QUOTE(pool->path));
	}
	begin(list, &list->lots[!list->now]);
	*ret = list;
	return 0;
}

COW_EXPORT void cow_volume_list_free(struct cow_volume_list *list)
{
	if (!list)
		return;
	base_crew_wait(list->crew);
	forget(&list->lots[0]);
	forget(&list->lots[1]);
	dismantle(list);
}

static void count(struct cow_volume_counts *counts, const struct cow_volume *volume)
{
	uint64_t *const by_compliance[] = {
		[COW_COMPLIANCE_UNKNOWN] = &counts->unknown,
		[COW_COMPLIANCE_OK] = &counts->ok,
		[COW_COMPLIANCE_DRIFTED] = &counts->drifted,
		[COW_COMPLIANCE_NOT_APPLICABLE] = &counts->not_applicable,
	};

	counts->volumes++;
	counts->problems += volume->problem != NULL;
	++*by_compliance[volume->compliance];
}

COW_EXPORT void cow_volume_list_get_counts(const struct cow_volume_list *list,
					   struct cow_volume_counts *ret)
{
	*ret = list->counts;
}

/* @return 1 a volume, 0 there is none in this lot any more. */
static int hand_out(struct cow_volume_list *list, struct lot *lot, struct cow_volume **ret)
{
	while (lot->done < lot->lot.count) {
		size_t i = lot->done++;
		struct volume_made *made = lot->made[i];

		if (!made)
			continue;
		volume_renewal_add(&list->renewal, made, lot->known[i]);
		count(&list->counts, &made->volume);
		*ret = &made->volume;
		return 1;
	}
	return 0;
}

COW_EXPORT int cow_volume_list_next(struct cow_volume_list *list, struct cow_volume **ret_volume,
				    struct cow_error *err)
{
	struct lot *lot = &list->lots[list->now];
	int r = hand_out(list, lot, ret_volume);

	while (r == 0 && (lot = turn(list))->lot.count > 0) {
		r = atomic_load(&list->failed);
		if (r < 0)
			return base_fail(err, -r, "list directory %s",
					 BASE_QUOTE(list->place.pool->path));
		r = hand_out(list, lot, ret_volume);
	}
	if (r == 0)
		volume_renewal_commit(&list->renewal);
	return r;
}
