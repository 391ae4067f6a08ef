/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes of a clone that shares none. */
#include <errno.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "convert/clone.h"
#include "convert/convert.h"
#include "image/cache.h"
#include "image/copy.h"

static int step(void *data, uint64_t done, struct cow_error *err)
{
	struct clone *c = data;
	const struct cow_clone_options *options = c->options;
	int r = convert_clone_check_still(c, err);

	c->result->bytes_copied = done;
	if (r == 0 && options->progress &&
	    options->progress(done, c->total, options->progress_data))
		r = base_fail_code(err, ECANCELED, COW_CODE_CANCELLED, "clone %s",
				   BASE_QUOTE(c->from));
	return r;
}

static int sum_data(struct clone *c, struct cow_error *err)
{
	int r;

	image_cache_drop_unwritten(c->source);
	r = image_sum_ranges(c->source, 0, (uint64_t)c->before.st_size, &c->total);
	return r < 0 ? base_fail(err, -r, "find the data of %s", BASE_QUOTE(c->from)) : 0;
}

/* Found out before anything is written: others need the room as well. */
static int check_room(const struct clone *c, struct cow_error *err)
{
	uint64_t need = c->total + c->total / 64, available = 0;
	int r = convert_find_room(c->copy.fd, need, &available);

	if (r < 0)
		return base_fail(err, -r, "look at free space for %s", BASE_QUOTE(c->to));
	if (need <= available)
		return 0;
	return base_remedy(err, convert_fail_room(c->from, need, "", available, "free", err),
			   "make room");
}

/* On disk before it is left behind: only then can it leave the page cache. */
static int copy_window(struct clone *c, struct image_copy *copy, uint64_t start, uint64_t end,
		       struct cow_error *err)
{
	struct image_cache cache;
	int r;

	copy->start = start;
	copy->end = end;
	image_cache_note(&cache, c->source, &copy->known, start, end);
	copy->cached = image_cache_is_warm(&cache);
	r = image_copy_run(copy, err);
	if (r == 0 && fdatasync(c->copy.fd) < 0)
		r = base_fail(err, errno, "write %s to disk", BASE_QUOTE(c->to));
	image_cache_restore(&cache, c->source, c->copy.fd);
	return r;
}

/* The next part in which there is any. @return 1, 0 when there is none, -errno */
static int next_window(const struct clone *c, struct image_range *window, struct cow_error *err)
{
	uint64_t size = (uint64_t)c->before.st_size;
	off_t data = lseek(c->source, (off_t)window->end, SEEK_DATA);

	if (data < 0)
		return errno == ENXIO
			       ? 0
			       : base_fail(err, errno, "find the data of %s", BASE_QUOTE(c->from));
	window->start = (uint64_t)data / IMAGE_CACHE_SPAN * IMAGE_CACHE_SPAN;
	window->end =
		size - window->start < IMAGE_CACHE_SPAN ? size : window->start + IMAGE_CACHE_SPAN;
	return (uint64_t)data < size;
}

static int copy_data(struct clone *c, struct cow_error *err)
{
	struct image_copy copy = {.from = c->source,
				  .to = c->copy.fd,
				  .name = c->from,
				  .allocate = convert_clone_is_nocow(c) ||
					      convert_is_in_place(c->copy.fd),
				  .step = step,
				  .data = c};
	struct image_range window = {0, 0};
	int r = 0;

	if (ftruncate(c->copy.fd, c->before.st_size) < 0)
		return base_fail(err, errno, "set the size of %s", BASE_QUOTE(c->to));
	while (r == 0 && (r = next_window(c, &window, err)) > 0)
		r = copy_window(c, &copy, window.start, window.end, err);
	image_copy_end(&copy);
	return r < 0 ? r : step(c, copy.done, err);
}

int convert_clone_copy(struct clone *c, struct cow_error *err)
{
	int r = sum_data(c, err);

	c->result->method = COW_CLONE_COPIED;
	if (r == 0)
		r = check_room(c, err);
	if (r == 0 && !convert_clone_is_dry(c))
		r = copy_data(c, err);
	c->result->bytes_copied = c->total;
	c->result->bytes_holes = (uint64_t)c->before.st_size - c->total;
	return r;
}
