/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include <cow/convert.h>

#include "audit/item.h"
#include "audit/judge.h"
#include "audit/rule.h"
#include "base/error.h"
#include "base/text.h"
#include "image/chain.h"

/* An item and the texts that belong to it, in one piece of memory. */
struct made {
	struct cow_audit_item item;
	char reason[sizeof(((struct cow_file_state *)0)->reason)];
	char texts[];
};

static struct made *make(const char *path, const struct audit_task *task)
{
	size_t path_size = strlen(path) + 1, pool_size = task->pool ? strlen(task->pool) + 1 : 0;
	struct made *made = calloc(1, sizeof(*made) + path_size + pool_size);

	if (!made)
		return NULL;
	made->item.path = memcpy(made->texts, path, path_size);
	if (task->pool)
		made->item.pool = memcpy(made->texts + path_size, task->pool, pool_size);
	made->item.policy = task->policy;
	made->item.reason = made->reason;
	return made;
}

COW_EXPORT void cow_audit_item_free(struct cow_audit_item *item)
{
	if (!item)
		return;
	cow_chain_free((struct cow_chain *)(uintptr_t)item->chain);
	audit_findings_free(item->findings);
	free(item);
}

DEFINE_CLEANUP(item, struct cow_audit_item *, cow_audit_item_free, NULL)

int audit_item_new_error(const char *path, const struct audit_task *task,
			 const struct cow_error *error, struct cow_audit_item **ret)
{
	struct made *made = make(path, task);

	if (!made)
		return -ENOMEM;
	made->item.error = *error;
	*ret = &made->item;
	return 1;
}

/* Removing it is never offered: what is worth keeping of the image may be in it. */
static void say_leftover(struct audit_note *note, const struct cow_convert_interrupted *item)
{
	const char *image = BASE_QUOTE(item->image);

	audit_note_remedy(note, "%s", item->remedy);
	if (item->running == COW_ANSWER_YES)
		audit_note_say(note, COW_SEVERITY_INFO, "%s is being converted", image);
	else if (item->whole == COW_ANSWER_YES)
		audit_note_say(note, COW_SEVERITY_WARNING,
			       "left over from an interrupted conversion of %s", image);
	else if (item->whole == COW_ANSWER_UNKNOWN)
		audit_note_say(note, COW_SEVERITY_WARNING,
			       "left over from a conversion of %s, which is another file by now",
			       image);
	else if (item->state == COW_CONVERT_STATE_MOVING)
		audit_note_say(note, COW_SEVERITY_ERROR,
			       "holds part of %s, which is moved in part and not at its path",
			       image);
	else
		audit_note_say(note, COW_SEVERITY_ERROR,
			       "may be all there is of %s, which is not whole at its path", image);
}

/* What an interrupted command left: no image to be judged, but somebody should know. */
static int judge_leftover(struct made *made, const struct audit_directory *directory,
			  const char *name)
{
	struct cow_convert_interrupted item;
	struct audit_note note = {0};

	made->item.effective = audit_judge_policy(made->item.policy, directory->place);
	made->item.compliance = COW_COMPLIANCE_NOT_APPLICABLE;
	base_copy(made->reason, sizeof(made->reason), "a temporary file of cowctl's own");
	if (cow_convert_interrupted_read(directory->fd, name, &item))
		say_leftover(&note, &item);
	else
		audit_note_say(&note, COW_SEVERITY_WARNING,
			       "was being made when a command was interrupted, or still is");
	made->item.findings = audit_finding_new(AUDIT_LEFTOVER, &note, NULL);
	return made->item.findings ? 0 : -ENOMEM;
}

static void take_state(struct made *made, const struct cow_file_state *state)
{
	struct cow_audit_item *item = &made->item;

	item->nocow = state->nocow;
	item->overwrite = state->overwrite;
	item->evidence = state->evidence;
	item->mapped = state->mapped;
	item->extents = state->rows;
	item->runs = state->runs;
	item->shared = state->shared_bytes;
	item->history = state->history_known;
	item->old = state->old_bytes;
	base_copy(made->reason, sizeof(made->reason), state->reason);
}

static int judge(struct made *made, struct audit_directory *directory,
		 const struct audit_look *look, struct base_silence *silence, struct cow_error *err)
{
	const struct audit_view view = {
		.item = &made->item,
		.header = &look->header,
		.state = &look->state,
		.place = directory->place,
		.compress = look->compress,
		.first = !directory->seen,
	};
	struct cow_chain *chain = NULL;

	directory->seen = true;
	made->item.format = look->header.format;
	made->item.format_version = look->header.version;
	if (look->header.backing) {
		int r = image_chain_new(made->item.path, silence, &chain, err);

		if (r < 0)
			return r;
		made->item.chain = chain;
	}
	take_state(made, &look->state);
	made->item.effective = audit_judge_policy(made->item.policy, directory->place);
	made->item.compliance = audit_judge(&made->item, directory->place->top);
	return audit_rules_check(&view, &made->item.findings);
}

int audit_item_new(const char *path, struct audit_directory *directory,
		   const struct audit_look *look, const struct audit_task *task,
		   struct cow_audit_item **ret)
{
	BASE_CLEANUP(item) struct cow_audit_item *item = NULL;
	struct cow_error error = {0};
	struct made *made;
	int r = look->result;

	if (r == 0)
		return 0;
	if (r < 0) {
		base_fail(&error, -r, "%s %s", look->verb, BASE_QUOTE(path));
		return audit_item_new_error(path, task, &error, ret);
	}
	made = make(path, task);
	if (!made)
		return -ENOMEM;
	item = &made->item;
	item->size = look->size;
	item->allocated = look->allocated;
	r = look->leftover ? judge_leftover(made, directory, look->name)
			   : judge(made, directory, look, task->silence, &error);
	if (r == 0)
		*ret = base_take(item);
	else if (r != -ENOMEM)
		return audit_item_new_error(path, task, &error, ret);
	return r < 0 ? r : 1;
}
