/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can be mirrored, and the empty image that it is mirrored to. */
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "base/error.h"
#include "base/run.h"
#include "base/text.h"
#include "convert/convert.h"
#include "convert/live.h"
#include "convert/qmp.h"
#include "convert/recover.h"
#include "convert/spans.h"
#include "image/extents.h"
#include "image/qemu.h"

#define TIMEOUT_MS 120000

static int refuse(const struct convert *c, const char *why, const char *remedy,
		  struct cow_error *err)
{
	return base_remedy(
		err, base_refuse(err, EBUSY, COW_CODE_REFUSED, "%s %s", BASE_QUOTE(c->name), why),
		"%s", remedy);
}

static int check_header(struct convert *c, const struct cow_header *header, struct cow_error *err)
{
	if (header->format != COW_FORMAT_QCOW2 || header->damaged != COW_ANSWER_NO)
		return refuse(c, "is no sound qcow2 image", "qemu-img check", err);
	if (header->snapshots)
		return refuse(c, "has internal snapshots, which a mirror loses",
			      "shut the guest down and convert then, or delete them", err);
	if (header->encrypted != COW_ANSWER_NO)
		return refuse(c, "is encrypted, and can't be converted live",
			      "shut the guest down and convert then", err);
	if (header->backing && header->backing_format == COW_FORMAT_UNKNOWN)
		return refuse(c, "does not say what format its backing file has",
			      "qemu-img rebase -u -F FORMAT", err);
	c->live->shallow = header->backing;
	return 0;
}

/* A mirror of another size ends as soon as it has begun. One of a raw image is a whole number of
 * sectors long, and would stay so. */
static int check_size(const struct convert *c, uint64_t size, struct cow_error *err)
{
	if (size == c->live->size)
		return 0;
	if (image_whole_sectors(size) == c->live->size)
		return refuse(c, "has a size that is no multiple of 512, which a mirror makes it",
			      "shut the guest down and convert then", err);
	return base_remedy(
		err,
		base_refuse(err, EBUSY, COW_CODE_REFUSED,
			    "%s has %" PRIu64 " bytes, and the guest's disk has %" PRIu64,
			    BASE_QUOTE(c->name), size, c->live->size),
		"shut the guest down and convert then, or let it see the new size first");
}

static int check_qcow2(struct convert *c, struct cow_error *err)
{
	struct cow_header header = {0};
	int r = cow_header_read(c->original, &header, err);

	if (r < 0)
		return r;
	r = check_header(c, &header, err);
	if (r == 0)
		r = check_size(c, header.virtual_size, err);
	cow_header_clear(&header);
	return r;
}

int convert_live_check_image(struct convert *c, struct cow_error *err)
{
	switch (c->live->format) {
	case COW_FORMAT_RAW:
		return check_size(c, (uint64_t)c->before.st_size, err);
	case COW_FORMAT_QCOW2:
		return check_qcow2(c, err);
	default:
		return refuse(c, "is neither raw nor qcow2 to its guest",
			      "shut the guest down and convert then", err);
	}
}

static int check_guest(const struct convert *c, struct cow_error *err)
{
	int r = c->live->backend->check(c->live, err);

	/* Which of two files it is on is to be seen by its locks alone. One of libvirt's, which has
	 * them always, may just be starting. */
	if (r < 0 || c->live->backend->open_mirrors || convert_hold_sees_writer(c->original))
		return r;
	return refuse(c, "is a disk that its guest does not lock (file.locking)",
		      "shut the guest down and convert then", err);
}

int convert_live_check(struct convert *c, struct cow_error *err)
{
	const unsigned offline_only =
		COW_CONVERT_PREALLOCATE | COW_CONVERT_RESUME | COW_CONVERT_LOW_SPACE;
	int r = 0;

	if (c->options->flags & offline_only)
		return refuse(c, "can't be preallocated, resumed or moved while a guest uses it",
			      "leave out --preallocate, --resume and --low-space", err);
	if (!recover_is_private(c))
		return refuse(
			c,
			"is in a directory where others may create files, so that what a crash "
			"leaves could not be put right",
			"keep them from it (chmod go-w on the directory)", err);
	/* Who writes to it beside the disk that is mirrored would go on writing to the old file. */
	if (convert_hold_sees_sharer(c->original))
		return refuse(c, "is a disk that its guest lets others write to (share-rw)",
			      "shut the guest down and convert then", err);
	/* In a dry run the mirror of an earlier one may still be there, which would be ended. */
	if (!(c->recovered && c->options->flags & COW_CONVERT_DRY_RUN))
		r = check_guest(c, err);
	return r < 0 ? r : convert_live_check_image(c, err);
}

/* All that was chosen when the image was made. The guest has it open, so no locks are taken. */
static int describe(const struct convert *c, json_t **ret, struct cow_error *err)
{
	BASE_CLEANUP(free) char *output = NULL;
	const char *const argv[] = {"qemu-img", "info",     "-U",   "-f",
				    "qcow2",    "--output", "json", BASE_FD_PATH(c->original),
				    NULL};
	int r = base_run(argv, c->original, TIMEOUT_MS, &output, err);

	if (r < 0)
		return r;
	*ret = json_loads(output, 0, NULL);
	return *ret ? 0
		    : base_fail_code(err, EPROTO, COW_CODE_TOOL, "read what qemu-img says of %s",
				     BASE_QUOTE(c->name));
}

/* The same choices as options for a new image. */
static int choose(const struct convert *c, json_t *info, char **ret, struct cow_error *err)
{
	const char *compat, *compression = "zlib";
	int lazy = 0, wide = 0, bits, cluster;
	json_t *data;

	if (json_unpack(info, "{s:i, s:{s:o}}", "cluster-size", &cluster, "format-specific", "data",
			&data) < 0 ||
	    json_unpack(data, "{s:s, s?s, s?b, s:i, s?b}", "compat", &compat, "compression-type",
			&compression, "lazy-refcounts", &lazy, "refcount-bits", &bits,
			"extended-l2", &wide) < 0)
		return base_fail_code(err, EPROTO, COW_CODE_TOOL,
				      "understand what qemu-img says of %s", BASE_QUOTE(c->name));
	if (json_object_get(data, "data-file"))
		return refuse(c, "has its data in another file", "convert that one", err);
	*ret = base_format("compat=%s,compression_type=%s,lazy_refcounts=%s,refcount_bits=%d,"
			   "extended_l2=%s,cluster_size=%d",
			   compat, compression, lazy ? "on" : "off", bits, wide ? "on" : "off",
			   cluster);
	return *ret ? 0 : base_fail(err, ENOMEM, "describe %s", BASE_QUOTE(c->name));
}

static int create(const struct convert *c, const struct cow_header *header, const char *options,
		  struct cow_error *err)
{
	char size[24];
	const char *argv[16] = {"qemu-img", "create", "-q", "-f", "qcow2", "-o", options};
	int n = 7;

	snprintf(size, sizeof(size), "%" PRIu64, header->virtual_size);
	if (header->backing) {
		argv[n++] = "-u";
		argv[n++] = "-b";
		argv[n++] = header->backing;
		argv[n++] = "-F";
		argv[n++] = cow_format_name(header->backing_format);
	}
	argv[n++] = BASE_FD_PATH(c->copy);
	argv[n++] = size;
	return base_run(argv, c->copy, TIMEOUT_MS, NULL, err);
}

static int prepare_qcow2(struct convert *c, struct cow_error *err)
{
	BASE_CLEANUP(json) json_t *info = NULL;
	BASE_CLEANUP(free) char *options = NULL;
	struct cow_header header = {0};
	int r = describe(c, &info, err);

	if (r == 0)
		r = choose(c, info, &options, err);
	if (r == 0)
		r = cow_header_read(c->original, &header, err);
	if (r == 0)
		r = create(c, &header, options, err);
	cow_header_clear(&header);
	return r;
}

static int add_extent(const struct fiemap_extent *extent, void *data)
{
	convert_spans_add(data, extent->fe_logical, extent->fe_logical + extent->fe_length);
	return 0;
}

static int allocate(const struct convert *c, const struct convert_spans *spans)
{
	for (size_t i = 0; i < spans->n; i++) {
		int r = convert_allocate(c->copy, &spans->list[i]);

		if (r < 0)
			return r == -EOPNOTSUPP ? 0 : r;
	}
	return 0;
}

int convert_live_allocate(struct convert *c, struct cow_error *err)
{
	struct convert_spans spans = {0};
	int r;

	/* A qcow2 image grows as it is written. */
	if (c->live->format != COW_FORMAT_RAW)
		return 0;
	r = image_extents_each(c->original, 0, UINT64_MAX, add_extent, &spans);
	if (r == -EOPNOTSUPP)
		return 0;
	convert_spans_settle(&spans, UINT64_MAX);
	if (r == 0)
		r = spans.failed ? -ENOMEM : allocate(c, &spans);
	free(spans.list);
	return r < 0 ? base_fail(err, -r, "allocate space for the copy of %s", BASE_QUOTE(c->name))
		     : 0;
}

int convert_live_prepare_copy(struct convert *c, struct cow_error *err)
{
	int r = 0;

	if (c->live->format == COW_FORMAT_QCOW2)
		r = prepare_qcow2(c, err);
	else if (ftruncate(c->copy, c->before.st_size) < 0)
		r = base_fail(err, errno, "size the copy of %s", BASE_QUOTE(c->name));
	if (r == 0)
		r = convert_live_allocate(c, err);
	return r < 0 ? r : convert_live_sync(c, c->copy, err);
}
