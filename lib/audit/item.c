/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <cow/attr.h>
#include <cow/convert.h>

#include "audit/item.h"
#include "audit/judge.h"
#include "audit/rule.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"

/* A disk is made of 512-byte sectors, and one below this size holds no guest. */
#define SECTOR       512
#define RAW_MIN_SIZE (1 << 20)

/* An item and the texts that belong to it, in one piece of memory. */
struct made {
	struct cow_audit_item item;
	char reason[sizeof(((struct cow_error *)0)->message)];
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
DEFINE_CLEANUP(header, struct cow_header *, cow_header_clear, NULL)

static int make_error(const char *path, const struct audit_task *task,
		      const struct cow_error *error, struct cow_audit_item **ret)
{
	struct made *made = make(path, task);

	if (!made)
		return -ENOMEM;
	made->item.error = *error;
	*ret = &made->item;
	return 1;
}

/* What an interrupted conversion left: no image to be judged, but somebody should know. */
static int make_leftover(const struct audit_entry *entry, const struct audit_task *task,
			 const struct stat *st, struct cow_audit_item **ret)
{
	struct made *made = make(entry->path, task);
	struct audit_note note = {0};

	if (!made)
		return -ENOMEM;
	made->item.size = (uint64_t)st->st_size;
	made->item.allocated = (uint64_t)st->st_blocks * 512;
	made->item.compliance = COW_COMPLIANCE_NOT_APPLICABLE;
	base_copy(made->reason, sizeof(made->reason), "a temporary file of cowctl's own");
	audit_note_remedy(&note, "convert the same image again, or remove it while no cowctl runs");
	audit_note_say(&note, COW_SEVERITY_WARNING, "left over from an interrupted conversion");
	made->item.findings = audit_finding_new("leftover", &note, NULL);
	if (!made->item.findings) {
		cow_audit_item_free(&made->item);
		return -ENOMEM;
	}
	*ret = &made->item;
	return 1;
}

static bool is_image(const struct cow_header *header, const struct stat *st,
		     const struct audit_entry *entry, const struct audit_task *task)
{
	if (entry->named || task->all_files)
		return true;
	if (header->format != COW_FORMAT_RAW)
		return header->format != COW_FORMAT_UNKNOWN;
	return st->st_size >= RAW_MIN_SIZE && st->st_size % SECTOR == 0;
}

/* How the file stands in its filesystem. Not knowing is an answer, with its reason. */
static void read_state(int fd, const struct audit_place *place, struct cow_file_state *state,
		       struct made *made)
{
	struct cow_error error = {0};

	if (!place->top)
		base_copy(made->reason, sizeof(made->reason), place->error.message);
	else if (cow_file_state_read(fd, place->top, state, &error) < 0)
		base_copy(made->reason, sizeof(made->reason), error.message);
	else
		base_copy(made->reason, sizeof(made->reason), state->reason);
}

static void take_state(struct cow_audit_item *item, const struct cow_file_state *state)
{
	item->nocow = state->nocow;
	item->overwrite = state->overwrite;
	item->evidence = state->evidence;
	item->mapped = state->mapped;
	item->extents = state->rows;
	item->runs = state->runs;
	item->shared = state->shared_bytes;
	item->history = state->history_known;
	item->old = state->old_bytes;
}

/* Fill an item whose header is read. */
static int judge(struct made *made, int fd, const struct audit_entry *entry,
		 const struct cow_header *header, struct cow_error *err)
{
	struct audit_directory *directory = entry->directory;
	struct cow_file_state state = {0};
	struct cow_chain *chain = NULL;
	uint32_t flags = 0;
	struct audit_view view = {
		.item = &made->item,
		.header = header,
		.state = &state,
		.place = directory->place,
		.first = !directory->seen,
	};
	int r;

	directory->seen = true;
	made->item.format = header->format;
	made->item.format_version = header->version;
	if (header->backing) {
		r = cow_chain_new(entry->path, &chain, err);
		if (r < 0)
			return r;
		made->item.chain = chain;
	}
	read_state(fd, directory->place, &state, made);
	take_state(&made->item, &state);
	view.compress = cow_attr_get(fd, &flags, NULL) == 0 && (flags & COW_ATTR_COMPRESS);
	made->item.effective = audit_judge_policy(made->item.policy, directory->place);
	made->item.compliance = audit_judge(&made->item, directory->place->top);
	return audit_rules_check(&view, &made->item.findings);
}

/* Look at an open file. @return 1 an item, 0 not an image, -ENOMEM, or -errno with err. */
static int look(int fd, const struct audit_entry *entry, const struct audit_task *task,
		struct audit_place **places, struct cow_audit_item **ret, struct cow_error *err)
{
	struct cow_header header_value = {0};
	BASE_CLEANUP(header) struct cow_header *header = &header_value;
	BASE_CLEANUP(item) struct cow_audit_item *item = NULL;
	struct made *made;
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return base_fail(err, errno, "look at %s", BASE_QUOTE(entry->path));
	if (!S_ISREG(st.st_mode) || (!st.st_size && !entry->named && !task->all_files))
		return 0;
	r = cow_header_read(fd, header, err);
	if (r < 0)
		return r;
	if (!is_image(header, &st, entry, task))
		return 0;
	if (!entry->directory->place)
		r = audit_place_find(places, entry->directory, &entry->directory->place);
	made = r < 0 ? NULL : make(entry->path, task);
	if (!made)
		return -ENOMEM;
	item = &made->item;
	item->size = (uint64_t)st.st_size;
	item->allocated = (uint64_t)st.st_blocks * 512;
	r = judge(made, fd, entry, header, err);
	if (r < 0)
		return r;
	*ret = base_take(item);
	return 1;
}

int audit_item_new(const struct audit_entry *entry, const struct audit_task *task,
		   struct audit_place **places, struct cow_audit_item **ret)
{
	BASE_CLEANUP(fd) int fd = -1;
	struct cow_error error = {0};
	struct stat st;
	int r;

	if (entry->error)
		return make_error(entry->path, task, entry->error, ret);
	if (base_starts(entry->name, COW_CONVERT_TEMP_PREFIX) &&
	    fstatat(entry->directory->fd, entry->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return make_leftover(entry, task, &st, ret);
	fd = base_open_quietly(entry->directory->fd, entry->name, O_RDONLY | O_NOFOLLOW);
	/* Deleted, or replaced by a symlink, since its directory was read. */
	if (fd == -ENOENT || fd == -ELOOP)
		return 0;
	if (fd < 0)
		r = base_fail(&error, -fd, "open %s", BASE_QUOTE(entry->path));
	else
		r = look(fd, entry, task, places, ret, &error);
	if (r >= 0 || r == -ENOMEM)
		return r;
	return make_error(entry->path, task, &error, ret);
}
