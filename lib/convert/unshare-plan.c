/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an image needs so that its overwrites stay in place, and what that takes. */
#include <linux/fiemap.h>
#include <sys/statvfs.h>

#include <cow/image.h>
#include <cow/probe.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "convert/convert.h"
#include "convert/open.h"
#include "convert/unshare.h"
#include "image/extents.h"
#include "image/history.h"

/* What is to be renewed ------------------------------------------------------------------------ */

static int add_shared(const struct fiemap_extent *extent, void *data)
{
	struct unshare *u = data;

	if (!(extent->fe_flags & FIEMAP_EXTENT_SHARED))
		return 0;
	u->result->bytes_shared += extent->fe_length;
	convert_spans_add(&u->spans, extent->fe_logical, extent->fe_logical + extent->fe_length);
	return 0;
}

static void add_old(uint64_t start, uint64_t end, bool unwritten, void *data)
{
	struct unshare *u = data;

	(void)unwritten;
	convert_spans_add(&u->spans, start, end);
}

/* Dirty data is written out first: only then does it have a place. */
int convert_unshare_find_spans(struct unshare *u, struct cow_error *err)
{
	int r;

	free(u->spans.list);
	u->spans = (struct convert_spans){0};
	u->result->bytes_shared = 0;
	r = fdatasync(u->fd) < 0 ? -errno : 0;
	if (r == 0)
		r = image_extents_each(u->fd, 0, UINT64_MAX, add_shared, u);
	if (r < 0)
		return base_fail(err, -r, "map %s", BASE_QUOTE(u->name));
	r = image_history_each(u->fd, add_old, u);
	if (r < 0 && r != -EPERM && r != -ENOTTY)
		return base_fail(err, -r, "read the age of extents of %s", BASE_QUOTE(u->name));
	if (u->spans.failed)
		return base_fail(err, ENOMEM, "unshare %s", BASE_QUOTE(u->name));
	convert_spans_settle(&u->spans, (uint64_t)u->before.st_size);
	return 0;
}

void convert_unshare_count(struct unshare *u, uint64_t *ret_runs, uint64_t *ret_rows)
{
	struct cow_extents extents = {0};

	if (cow_extents_read(u->fd, 0, &extents, NULL) < 0)
		return;
	*ret_runs = extents.runs;
	*ret_rows = extents.rows;
}

/* Whether it makes sense ----------------------------------------------------------------------- */

static int refuse_copied(struct unshare *u, const struct cow_probe *probe,
			 const struct cow_file_state *state, struct cow_error *err)
{
	int r = base_refuse(err, EINVAL, COW_CODE_REFUSED,
			    "every overwrite of %s is copied, whether it is shared or not: %s",
			    BASE_QUOTE(u->name), state->reason);

	return base_remedy(err, r, "%s",
			   probe->cow_switch == COW_SWITCH_ATTRIBUTE
				   ? "cowctl convert makes it overwrite in place"
				   : "");
}

static int judge(struct unshare *u, const struct cow_probe *probe, struct cow_error *err)
{
	struct cow_unshare_result *result = u->result;
	struct cow_file_state state = {0};
	int r = cow_file_state_read(u->fd, cow_stack_top(probe->stack), &state, err);

	if (r < 0)
		return r;
	result->history_known = state.history_known;
	switch (state.overwrite) {
	case COW_OVERWRITE_COPIED_ONCE:
		return 0;
	case COW_OVERWRITE_IN_PLACE:
		result->outcome = COW_UNSHARE_ALREADY;
		base_copy(result->reason, sizeof(result->reason), state.reason);
		return 0;
	case COW_OVERWRITE_COPIED:
		return refuse_copied(u, probe, &state, err);
	default:
		return base_refuse(err, EOPNOTSUPP, COW_CODE_UNSUPPORTED,
				   "it is not known what overwrites of %s do: %s",
				   BASE_QUOTE(u->name), state.reason);
	}
}

/* Dirty pages may yet find a place; the state is of what is on disk. */
int convert_unshare_look(struct unshare *u, struct cow_error *err)
{
	struct cow_probe *probe = NULL;
	int r;

	if (fdatasync(u->fd) < 0)
		return base_fail(err, errno, "write %s to disk", BASE_QUOTE(u->name));
	r = cow_probe_new(BASE_FD_PATH(u->fd), 0, &probe, err);
	if (r == 0)
		r = judge(u, probe, err);
	cow_probe_free(probe);
	return r;
}

/* The old extents are free only after all of one is renewed, and that is on disk. */
static int check_space(struct unshare *u, struct cow_error *err)
{
	char need_text[COW_SIZE_TEXT_MAX], free_text[COW_SIZE_TEXT_MAX];
	uint64_t need = u->result->bytes + u->result->bytes / 64 + (1u << 20), available;
	struct statvfs fs;
	int r;

	if (fstatvfs(u->fd, &fs) < 0)
		return base_fail(err, errno, "look at free space for %s", BASE_QUOTE(u->name));
	if (fs.f_flag & ST_RDONLY)
		return base_fail(err, EROFS, "unshare %s", BASE_QUOTE(u->name));
	r = convert_find_room(u->fd, need, &available);
	if (r < 0)
		return base_fail(err, -r, "look at free space for %s", BASE_QUOTE(u->name));
	if (need <= available)
		return 0;
	return base_fail(err, ENOSPC, "to unshare %s takes %s, %s are free", BASE_QUOTE(u->name),
			 cow_size_format(need, need_text, sizeof(need_text)),
			 cow_size_format(available, free_text, sizeof(free_text)));
}

int convert_unshare_plan(struct unshare *u, struct cow_error *err)
{
	struct cow_unshare_result *result = u->result;
	int r = convert_unshare_find_spans(u, err);

	if (r < 0)
		return r;
	result->bytes = convert_spans_bytes(&u->spans);
	convert_unshare_count(u, &result->runs_before, &result->rows_before);
	base_copy_format(result->reason, sizeof(result->reason), "%s%s",
			 result->bytes_shared ? "some extents are shared with a snapshot or clone"
					      : "some extents are older than the last snapshot or "
						"balance",
			 convert_is_blind(u->fd)
				 ? "; whether libvirt has it marked as in use only root can see"
				 : "");
	return check_space(u, err);
}
