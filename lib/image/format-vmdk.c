/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VMware disks: sparse extents of VMDK 4 ("KDMV") with the descriptor inside, of ESX ("COWD"), and
 * descriptors that are files of their own. Little-endian, counted in sectors. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/macro.h"
#include "image/format.h"

#define SECTOR         UINT64_C(512)
#define SPARSE_SIZE    79
#define DESCRIPTOR_MAX (20 * SECTOR)
#define DESCRIPTOR_AT  SECTOR

static const char signature[] = "# Disk DescriptorFile";

/* The lines of a descriptor are KEY="VALUE", or extents: ACCESS SECTORS TYPE "NAME" [OFFSET]. */
static int parse_line(const char *line, struct cow_header *header, uint64_t *sectors)
{
	static const char parent[] = "parentFileNameHint=\"", safe[] = "encryption.keySafe";
	static const char *const accesses[] = {"RW ", "RDONLY ", "NOACCESS "};

	if (!strncasecmp(line, safe, strlen(safe)))
		header->encrypted = COW_ANSWER_YES;
	if (!strncasecmp(line, parent, strlen(parent)) && !header->backing) {
		const char *name = line + strlen(parent), *end = strrchr(name, '"');

		if (!end || end == name)
			return -EBADMSG;
		/* Only a VMDK can be the parent of one. */
		header->backing_format = COW_FORMAT_VMDK;
		header->backing = strndup(name, (size_t)(end - name));
		return header->backing ? 0 : -ENOMEM;
	}
	for (size_t i = 0; i < BASE_ARRAY_SIZE(accesses); i++)
		if (!strncmp(line, accesses[i], strlen(accesses[i])))
			return __builtin_add_overflow(
				       *sectors, strtoull(line + strlen(accesses[i]), NULL, 10),
				       sectors)
				       ? -EBADMSG
				       : 0;
	return 0;
}

static int parse_descriptor(const uint8_t *at, uint64_t size, struct cow_header *header,
			    uint64_t *sectors)
{
	BASE_CLEANUP(free) char *text = strndup((const char *)at, size);
	char *rest = text;

	if (!text)
		return -ENOMEM;
	for (char *line; (line = strsep(&rest, "\r\n"));) {
		int r = parse_line(line + strspn(line, " \t"), header, sectors);

		if (r < 0)
			return r;
	}
	return 0;
}

static int parse_sparse(const struct image_source *source, struct cow_header *header)
{
	bool bad = false;
	uint64_t offset = image_bytes(image_le64(source, 28), SECTOR, &bad);
	uint64_t size = image_bytes(image_le64(source, 36), SECTOR, &bad), sectors = 0;
	const uint8_t *descriptor;
	int r;

	header->virtual_size = image_bytes(image_le64(source, 12), SECTOR, &bad);
	if (bad || !image_at(source, 0, SPARSE_SIZE))
		return -EBADMSG;
	/* Without a size of its own it is no more to QEMU than a file around the descriptor. */
	if (!header->virtual_size)
		header->external = COW_ANSWER_YES;
	/* An extent of a disk in several files: the descriptor is elsewhere. */
	if (!offset || !size)
		return 1;
	descriptor = image_at(source, offset, size < DESCRIPTOR_MAX ? size : DESCRIPTOR_MAX);
	if (!descriptor)
		return -EBADMSG;
	r = parse_descriptor(descriptor, size < DESCRIPTOR_MAX ? size : DESCRIPTOR_MAX, header,
			     &sectors);
	return r < 0 ? r : 1;
}

/* QEMU looks for a parent right behind the header, wherever that says that the descriptor is, and
 * anywhere in a line. What it alone sees it would follow unseen. */
static int find_parent(const struct image_source *source, struct cow_header *header)
{
	static const char hint[] = "parentFileNameHint";
	const size_t before = sizeof(hint) + 1; /* the name: what is between them may be anything */
	uint64_t left = source->head_size > DESCRIPTOR_AT ? source->head_size - DESCRIPTOR_AT : 0;
	uint64_t size = left < DESCRIPTOR_MAX ? left : DESCRIPTOR_MAX;
	const uint8_t *at = image_at(source, DESCRIPTOR_AT, size);
	BASE_CLEANUP(free) char *text = calloc(1, DESCRIPTOR_MAX + before);
	const char *name, *end;

	if (!text)
		return -ENOMEM;
	if (at)
		memcpy(text, at, size);
	name = strstr(text, hint);
	if (!name)
		return 1;
	name += before;
	end = strchr(name, '"');
	if (!end || end == name)
		return -EBADMSG;
	free(header->backing);
	header->backing_format = COW_FORMAT_VMDK;
	header->backing = strndup(name, (size_t)(end - name));
	return header->backing ? 1 : -ENOMEM;
}

static int parse_text(const struct image_source *source, struct cow_header *header)
{
	uint64_t size = source->head_size < DESCRIPTOR_MAX ? source->head_size : DESCRIPTOR_MAX;
	uint64_t sectors = 0;
	bool bad = false;
	int r = parse_descriptor(image_at(source, 0, size), size, header, &sectors);

	if (r < 0)
		return r;
	header->virtual_size = image_bytes(sectors, SECTOR, &bad);
	header->external = COW_ANSWER_YES;
	return bad ? -EBADMSG : 1;
}

int image_parse_vmdk(const struct image_source *source, struct cow_header *header)
{
	const uint8_t *text = image_at(source, 0, strlen(signature));
	int r;

	if (image_has(source, 0, "KDMV", 4)) {
		r = parse_sparse(source, header);
		return r < 0 ? r : find_parent(source, header);
	}
	if (image_has(source, 0, "COWD", 4)) {
		header->virtual_size = image_le32(source, 12) * SECTOR;
		return image_at(source, 0, 32) ? find_parent(source, header) : -EBADMSG;
	}
	if (text && !strncasecmp((const char *)text, signature, strlen(signature)))
		return parse_text(source, header);
	return 0;
}
