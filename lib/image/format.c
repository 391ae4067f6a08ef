/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "image/format.h"

/* Every format there is. A file is the first one here that takes it; raw takes the rest. */
static const struct image_format formats[] = {
	[COW_FORMAT_UNKNOWN] = {"unknown", NULL},
	[COW_FORMAT_QCOW] = {"qcow", image_parse_qcow},
	[COW_FORMAT_QCOW2] = {"qcow2", image_parse_qcow2},
	[COW_FORMAT_VMDK] = {"vmdk", image_parse_vmdk},
	[COW_FORMAT_VDI] = {"vdi", image_parse_vdi},
	[COW_FORMAT_VPC] = {"vpc", image_parse_vpc},
	[COW_FORMAT_VHDX] = {"vhdx", image_parse_vhdx},
	[COW_FORMAT_QED] = {"qed", image_parse_qed},
	[COW_FORMAT_LUKS] = {"luks", image_parse_luks},
	[COW_FORMAT_ISO] = {"iso", image_parse_iso},
	[COW_FORMAT_RAW] = {"raw", NULL},
};

COW_EXPORT const char *cow_format_name(enum cow_format format)
{
	return formats[(size_t)format < BASE_ARRAY_SIZE(formats) ? format : 0].name;
}

COW_EXPORT enum cow_format cow_format_from_name(const char *name)
{
	if (base_equal(name, "vhd"))
		return COW_FORMAT_VPC;
	for (size_t i = 1; i < BASE_ARRAY_SIZE(formats); i++)
		if (base_equal(name, formats[i].name))
			return (enum cow_format)i;
	return COW_FORMAT_UNKNOWN;
}

COW_EXPORT const char *cow_encrypted_name(enum cow_encrypted how)
{
	static const char *const names[] = {
		[COW_ENCRYPTED_UNKNOWN] = "unknown",
		[COW_ENCRYPTED_QCOW] = "qcow",
		[COW_ENCRYPTED_LUKS] = "luks",
		[COW_ENCRYPTED_LUKS2] = "luks2",
	};

	return BASE_NAME(names, how);
}

/* QEMU's numbers in the headers of qcow and qcow2. */
void image_take_method(uint32_t method, struct cow_header *header)
{
	static const enum cow_encrypted ways[] = {COW_ENCRYPTED_UNKNOWN, COW_ENCRYPTED_QCOW,
						  COW_ENCRYPTED_LUKS};

	header->encrypted = method ? COW_ANSWER_YES : COW_ANSWER_NO;
	header->how = method < BASE_ARRAY_SIZE(ways) ? ways[method] : COW_ENCRYPTED_UNKNOWN;
}

COW_EXPORT void cow_header_clear(struct cow_header *header)
{
	free(header->backing);
	*header = (struct cow_header){0};
}

static int parse(const struct image_source *source, struct cow_header *ret)
{
	for (size_t i = 0; i < BASE_ARRAY_SIZE(formats); i++) {
		struct cow_header header = {.format = (enum cow_format)i,
					    .encrypted = COW_ANSWER_NO,
					    .damaged = COW_ANSWER_NO,
					    .external = COW_ANSWER_NO};
		int r = formats[i].parse ? formats[i].parse(source, &header) : 0;

		if (r == -EBADMSG) {
			header.damaged = COW_ANSWER_YES;
			/* What is no size of anything is not handed out as one. */
			if (header.virtual_size > INT64_MAX)
				header.virtual_size = 0;
			r = 1;
		}
		if (r > 0)
			*ret = header;
		else
			free(header.backing);
		if (r != 0)
			return r;
	}
	*ret = (struct cow_header){.format = COW_FORMAT_RAW,
				   .virtual_size = source->file_size,
				   .encrypted = COW_ANSWER_NO,
				   .damaged = COW_ANSWER_NO,
				   .external = COW_ANSWER_NO};
	return 1;
}

COW_EXPORT int cow_header_parse(const void *head, size_t head_size, const void *tail,
				size_t tail_size, uint64_t file_size, struct cow_header *ret)
{
	const struct image_source source = {.head = head,
					    .tail = tail,
					    .head_size = head_size,
					    .tail_size = tail_size,
					    .file_size = file_size};
	int r = parse(&source, ret);

	return r < 0 ? r : 0;
}

/* An audit reads the header of every file there is: what is not needed is not read. */
#define PIECE 4096
_Static_assert(COW_HEADER_HEAD % PIECE == 0, "the head is read in whole pieces");

struct image_load {
	int fd, error;           /* error: 0 or the first -errno */
	uint64_t size;           /* of the file */
	uint64_t hole, hole_end; /* nothing but zeros in between */
	bool loaded[COW_HEADER_HEAD / PIECE], tail_loaded;
	uint8_t head[COW_HEADER_HEAD];
	uint8_t tail[COW_HEADER_TAIL];
};

/* Most of a sparse image is holes. Asking where they are costs no more than reading zeros out of
 * the page cache, and spares bringing pages of zeros there. */
static bool is_hole(struct image_load *load, uint64_t offset, uint64_t size)
{
	off_t data;

	if (offset < load->hole || offset + size > load->hole_end) {
		data = lseek(load->fd, (off_t)offset, SEEK_DATA);
		load->hole = offset;
		load->hole_end = data >= 0 ? (uint64_t)data : errno == ENXIO ? UINT64_MAX : offset;
	}
	return offset + size <= load->hole_end;
}

static void load_bytes(struct image_load *load, uint8_t *to, uint64_t offset, size_t size)
{
	ssize_t r = 0;

	if (!is_hole(load, offset, size))
		r = base_pread_full(load->fd, to, size, (off_t)offset);
	if (r < 0 && !load->error)
		load->error = (int)r;
	r = r < 0 ? 0 : r;
	memset(to + r, 0, size - (size_t)r);
}

void image_load(struct image_load *load, uint64_t offset, uint64_t size)
{
	for (uint64_t i = offset / PIECE; i <= (offset + size - 1) / PIECE; i++) {
		if (!load->loaded[i])
			load_bytes(load, load->head + i * PIECE, i * PIECE, PIECE);
		load->loaded[i] = true;
	}
}

static size_t tail_size(const struct image_load *load)
{
	return load->size < COW_HEADER_TAIL ? (size_t)load->size : COW_HEADER_TAIL;
}

void image_load_tail(struct image_load *load)
{
	size_t size = tail_size(load);

	if (!load->tail_loaded)
		load_bytes(load, load->tail, load->size - size, size);
	load->tail_loaded = true;
}

static int read_header(struct image_load *load, struct cow_header *ret)
{
	const struct image_source source = {
		.load = load,
		.head = load->head,
		.tail = load->tail,
		.head_size = load->size < COW_HEADER_HEAD ? (size_t)load->size : COW_HEADER_HEAD,
		.tail_size = tail_size(load),
		.file_size = load->size,
	};
	struct cow_header header = {0};
	int r = parse(&source, &header);

	if (r >= 0)
		r = load->error;
	if (r < 0)
		cow_header_clear(&header);
	else
		*ret = header;
	return r;
}

COW_EXPORT int cow_header_read(int fd, struct cow_header *ret, struct cow_error *err)
{
	BASE_CLEANUP(free) struct image_load *load = NULL;
	struct stat st;
	off_t offset;
	int r;

	if (fstat(fd, &st) < 0)
		return base_fail(err, errno, "look at an image");
	if (!S_ISREG(st.st_mode))
		return base_fail(err, EINVAL, "an image must be a regular file");
	load = malloc(sizeof(*load));
	if (!load)
		return base_fail(err, ENOMEM, "read the header of an image");
	/* Not the rest, which is large and mostly never looked at. */
	memset(load, 0, offsetof(struct image_load, head));
	load->fd = fd;
	load->size = (uint64_t)st.st_size;
	offset = lseek(fd, 0, SEEK_CUR);
	r = read_header(load, ret);
	lseek(fd, offset, SEEK_SET); /* looking for holes moved it */
	return r < 0 ? base_fail(err, -r, "read the header of an image") : 0;
}
