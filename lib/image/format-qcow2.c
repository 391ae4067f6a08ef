/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qcow2, versions 2 and 3; the layout is QEMU's docs/interop/qcow2. Big-endian. */
#include <errno.h>

#include "base/macro.h"
#include "image/format.h"

#define V2_HEADER_SIZE        72
#define V3_HEADER_SIZE        104
#define COMPATIBLE_LAZY       (UINT64_C(1) << 0)
#define INCOMPATIBLE_CORRUPT  (UINT64_C(1) << 1)
#define INCOMPATIBLE_DATA     (UINT64_C(1) << 2)
#define INCOMPATIBLE_EXTENDED (UINT64_C(1) << 4)
#define EXTENSION_END         0
#define EXTENSION_BACKING     0xe2792aca
#define BACKING_NAME_MAX      1023
#define CLUSTER_BITS_MIN      9
#define CLUSTER_BITS_MAX      21

/* Extensions lie between the header and the backing file's name, or the end of the cluster. */
static int parse_extensions(const struct image_source *source, uint64_t at, uint64_t end,
			    struct cow_header *header)
{
	while (at + 8 <= end) {
		uint32_t type = image_be32(source, at), size = image_be32(source, at + 4);
		BASE_CLEANUP(free) char *name = NULL;
		int r;

		if (type == EXTENSION_END)
			return 0;
		at += 8;
		if (size > end - at)
			return -EBADMSG;
		if (type == EXTENSION_BACKING) {
			r = image_name(source, at, size, &name);
			if (r < 0)
				return r;
			header->backing_format = cow_format_from_name(name);
		}
		at += ((uint64_t)size + 7) & ~UINT64_C(7);
	}
	return 0;
}

static int parse_backing(const struct image_source *source, uint64_t cluster,
			 struct cow_header *header)
{
	uint64_t name = image_be64(source, 8);
	uint32_t size = image_be32(source, 16);

	if (!name)
		return 0;
	if (size > BACKING_NAME_MAX || name > cluster || size > cluster - name)
		return -EBADMSG;
	return image_name(source, name, size, &header->backing);
}

static void parse_features(const struct image_source *source, struct cow_header *header)
{
	uint64_t incompatible = image_be64(source, 72);

	if (incompatible & INCOMPATIBLE_CORRUPT)
		header->damaged = COW_ANSWER_YES;
	if (incompatible & INCOMPATIBLE_DATA)
		header->external = COW_ANSWER_YES;
	header->extended_l2 = incompatible & INCOMPATIBLE_EXTENDED;
	header->lazy_refcounts = image_be64(source, 80) & COMPATIBLE_LAZY;
}

int image_parse_qcow2(const struct image_source *source, struct cow_header *header)
{
	uint32_t cluster_bits = image_be32(source, 20);
	uint64_t header_size = V2_HEADER_SIZE, end = image_be64(source, 8);
	int r;

	if (!image_has(source, 0, "QFI\xfb", 4))
		return 0;
	header->version = image_be32(source, 4);
	header->virtual_size = image_be64(source, 24);
	image_take_method(image_be32(source, 32), header);
	header->snapshots = image_be32(source, 60);
	if (header->version == 3)
		header_size = image_be32(source, 100);
	if (header->version < 2 || header->version > 3 || header->virtual_size > INT64_MAX ||
	    cluster_bits < CLUSTER_BITS_MIN || cluster_bits > CLUSTER_BITS_MAX ||
	    header_size < (header->version == 3 ? V3_HEADER_SIZE : V2_HEADER_SIZE) ||
	    header_size > UINT64_C(1) << cluster_bits || !image_at(source, 0, header_size))
		return -EBADMSG;
	header->cluster_size = 1u << cluster_bits;
	r = parse_backing(source, UINT64_C(1) << cluster_bits, header);
	if (r < 0)
		return r;
	r = parse_extensions(source, header_size, end ? end : UINT64_C(1) << cluster_bits, header);
	if (r < 0)
		return r;
	if (header->version == 3)
		parse_features(source, header);
	return 1;
}
