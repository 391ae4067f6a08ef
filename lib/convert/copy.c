/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes: into the copy and onto the disk. */
#include <fcntl.h>
#include <linux/falloc.h>

#include "base/error.h"
#include "base/text.h"
#include "convert/convert.h"
#include "image/copy.h"
#include "image/extents.h"

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

int convert_copy_data(struct convert *c, struct cow_error *err)
{
	struct image_copy copy = {
		.from = c->original,
		.to = c->copy,
		.name = c->name,
		.end = (uint64_t)c->before.st_size,
		.allocate = c->options->to == COW_POLICY_OFF,
		.step = step,
		.data = c,
	};
	int r = convert_step(c, COW_CONVERT_PHASE_COPY, 0, err);

	if (r < 0)
		return r;
	if (ftruncate(c->copy, c->before.st_size) < 0)
		return base_fail(err, errno, "set the size of the copy of %s", BASE_QUOTE(c->name));
	r = preallocate(c, err);
	if (r == 0)
		r = image_copy_run(&copy, err);
	if (r < 0)
		return r;
	if (fsync(c->copy) < 0)
		return base_fail(err, errno, "write the copy of %s to disk", BASE_QUOTE(c->name));
	c->result->bytes_holes = (uint64_t)c->before.st_size - c->result->bytes_copied;
	return 0;
}
