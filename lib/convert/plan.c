/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a dry run says: how much there is to do, how long it takes, and what it costs. */
#include <stdio.h>

#include "base/error.h"
#include "base/text.h"
#include "convert/convert.h"
#include "convert/live.h"

/* What it will cost, besides the time. */
static void note_costs(struct convert *c)
{
	const struct cow_convert_result *result = c->result;
	char shared[96] = "", compressed[64] = "", text[COW_SIZE_TEXT_MAX];
	bool checked = c->nocow && c->result->from_nocow == COW_ANSWER_NO;
	bool grows = c->live && c->live->format == COW_FORMAT_QCOW2;

	if (result->bytes_shared)
		snprintf(shared, sizeof(shared),
			 "%s shared now take room of their own (--skip-shared leaves them); ",
			 cow_size_format(result->bytes_shared, text, sizeof(text)));
	if (result->bytes_compressed)
		snprintf(compressed, sizeof(compressed), "%s compressed now take their full size; ",
			 cow_size_format(result->bytes_compressed, text, sizeof(text)));
	convert_note(c, "%s%s%s%sthe inode number changes", shared, compressed,
		     checked ? "no checksums any more; " : "",
		     grows ? "a mirror may fill what was written in part, and take more; " : "");
}

/* What fails in the sample would fail in the conversion. */
static int measure(struct convert *c, struct cow_error *err)
{
	int r = convert_measure(c, &c->result->bytes_per_second, err);

	if (!convert_is_no_room(r) || !convert_is_to_move(c))
		return convert_advise_room(c, r, err);
	c->low_space = true;
	return convert_try_low_space(c, err);
}

/* What there is to do: of a move that was interrupted, the part that one of the two files has. */
static struct image_range find_work(const struct convert *c)
{
	struct image_range work = {0, (uint64_t)c->before.st_size};

	if (!c->away[0])
		return work;
	if (c->options->flags & COW_CONVERT_UNDO)
		work.end = c->journal.position;
	else
		work.start = c->journal.position;
	return work;
}

int convert_plan(struct convert *c, struct cow_error *err)
{
	struct image_range work = find_work(c);
	int r = 0;

	if (!(c->options->flags & COW_CONVERT_UNDO))
		note_costs(c);
	if (c->options->flags & COW_CONVERT_ESTIMATE && !c->live && !c->temp[0])
		r = measure(c, err);
	if (r < 0)
		return r;
	if (c->low_space)
		convert_note(c, "moved bit by bit, for a copy has no room, and not at its path "
				"meanwhile");
	c->result->outcome = COW_CONVERT_PLANNED;
	c->result->bytes_copied = c->total;
	c->result->bytes_holes = work.end - work.start - c->total;
	return 0;
}

int convert_plan_rest(struct convert *c, struct cow_error *err)
{
	bool back = c->options->flags & COW_CONVERT_UNDO;
	struct image_range work = find_work(c);
	int r = image_sum_ranges(back ? c->copy : c->original, work.start, work.end, &c->total);

	return r < 0 ? base_fail(err, -r, "find the data of %s", BASE_QUOTE(c->name)) : 0;
}
