/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes: into the copy and onto the disk. */
#include <fcntl.h>
#include <linux/falloc.h>

#include "base/error.h"
#include "base/text.h"
#include "convert/convert.h"
#include "image/cache.h"
#include "image/extents.h"

#define WINDOW IMAGE_CACHE_SPAN

struct keep {
	const struct convert *c;
	struct cow_error *err;
};

/* Preallocated space that was never written stays preallocated, beyond the end as well. */
static int keep_unwritten(const struct fiemap_extent *extent, void *data)
{
	const struct keep *keep = data;

	if (!(extent->fe_flags & FIEMAP_EXTENT_UNWRITTEN))
		return 0;
	if (fallocate(keep->c->copy, FALLOC_FL_KEEP_SIZE, (off_t)extent->fe_logical,
		      (off_t)extent->fe_length) < 0 &&
	    errno != EOPNOTSUPP)
		return base_fail(keep->err, errno, "allocate space for the copy of %s",
				 BASE_QUOTE(keep->c->name));
	return 0;
}

static int preallocate(struct convert *c, struct cow_error *err)
{
	struct keep keep = {c, err};

	if (c->options->flags & COW_CONVERT_PREALLOCATE) {
		if (c->before.st_size && fallocate(c->copy, 0, 0, c->before.st_size) < 0)
			return base_fail(err, errno, "preallocate the copy of %s",
					 BASE_QUOTE(c->name));
		return 0;
	}
	if (!c->extents.unwritten_bytes)
		return 0;
	/* Here for the case that it is the map which fails: keep_unwritten() says it better. */
	base_fail(err, EIO, "map %s", BASE_QUOTE(c->name));
	return image_extents_each(c->original, false, keep_unwritten, &keep);
}

static int step(void *data, uint64_t done, struct cow_error *err)
{
	struct convert *c = data;

	c->result->bytes_copied = done;
	return convert_step(c, COW_CONVERT_PHASE_COPY, done, err);
}

static int copy_window(struct convert *c, uint64_t start, uint64_t end, struct cow_error *err)
{
	int r = convert_step(c, COW_CONVERT_PHASE_COPY, c->engine.done, err);

	c->engine.start = start;
	c->engine.end = end;
	if (r == 0)
		r = image_copy_run(&c->engine, err);
	if (r < 0)
		return r;
	if (fdatasync(c->copy) < 0)
		return base_fail(err, errno, "write the copy of %s to disk", BASE_QUOTE(c->name));
	return 0;
}

static int transfer_window(struct convert *c, uint64_t start, uint64_t end, struct cow_error *err)
{
	struct image_cache cache;
	int r;

	image_cache_note(&cache, c->original, start, end);
	r = copy_window(c, start, end, err);
	if (r == 0 && !(c->options->flags & COW_CONVERT_NO_VERIFY))
		r = convert_verify(c, start, end, err);
	image_cache_restore(&cache, c->original, c->copy);
	return r;
}

static void set_up_engine(struct convert *c)
{
	c->engine = (struct image_copy){
		.from = c->original,
		.to = c->copy,
		.name = c->name,
		.allocate = c->options->to == COW_POLICY_OFF,
		.pace = {.rate = c->options->bandwidth},
		.step = step,
		.data = c,
	};
	c->verify_pace.rate = c->options->bandwidth;
}

int convert_transfer(struct convert *c, struct cow_error *err)
{
	uint64_t size = (uint64_t)c->before.st_size;
	int r;

	set_up_engine(c);
	if (ftruncate(c->copy, c->before.st_size) < 0)
		return base_fail(err, errno, "set the size of the copy of %s", BASE_QUOTE(c->name));
	r = preallocate(c, err);
	for (uint64_t at = 0; r == 0 && at < size; at += WINDOW)
		r = transfer_window(c, at, size - at < WINDOW ? size : at + WINDOW, err);
	if (r < 0)
		return r;
	c->result->bytes_holes = size - c->result->bytes_copied;
	c->result->verified = !(c->options->flags & COW_CONVERT_NO_VERIFY);
	return 0;
}
