/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef IMAGE_FORMAT_H
#define IMAGE_FORMAT_H

#include <stdbool.h>

#include <cow/image.h>

/* The two ends of a file as one space of offsets. All reading of headers goes through image_at(),
 * so no format has bounds of its own to check wrongly. With `load`, both are read piece by piece as
 * they are asked for: most files are settled by their first block. */
struct image_load;
struct image_source {
	struct image_load *load; /* NULL: all of it is there */
	const uint8_t *head, *tail;
	size_t head_size, tail_size;
	uint64_t file_size;
};

/* `size` bytes at an offset of the file, NULL when there are none or they aren't all in one of the
 * two ends. */
const uint8_t *image_at(const struct image_source *source, uint64_t offset, uint64_t size);
/* True when these bytes are there and equal. */
bool image_has(const struct image_source *source, uint64_t offset, const void *bytes, size_t size);

/* Make these bytes of the head be there, or all of the tail. Whatever fails is kept in load. */
void image_load(struct image_load *load, uint64_t offset, uint64_t size);
void image_load_tail(struct image_load *load);

/* Numbers at an offset; 0 where there are no such bytes. */
uint32_t image_le32(const struct image_source *source, uint64_t offset);
uint64_t image_le64(const struct image_source *source, uint64_t offset);
uint16_t image_be16(const struct image_source *source, uint64_t offset);
uint32_t image_be32(const struct image_source *source, uint64_t offset);
uint64_t image_be64(const struct image_source *source, uint64_t offset);

/* count * unit, 0 and *ret_bad set when that is no size a file can have. */
uint64_t image_bytes(uint64_t count, uint64_t unit, bool *ret_bad);

/* A name of `size` bytes in the file, for header->backing. A name can't be empty or contain NUL.
 * @return 0, -EBADMSG when it isn't there or can't be a name, -ENOMEM. */
int image_name(const struct image_source *source, uint64_t offset, uint64_t size, char **ret);
/* The same in big-endian UTF-16, `size` bytes padded with zeros; "" gives NULL. */
int image_name_utf16be(const struct image_source *source, uint64_t offset, uint64_t size,
		       char **ret);

/* One format. parse() gets a zeroed header with only `format` set, fills in the rest, and sets
 * damaged itself where it finds that out.
 * @return 1 it is this format, 0 it isn't, -EBADMSG it is, but damaged, -ENOMEM. */
struct image_format {
	const char *name;
	int (*parse)(const struct image_source *source, struct cow_header *header);
};

/* QEMU's number of a way to encrypt, 0 for none. */
void image_take_method(uint32_t method, struct cow_header *header);

/* One file each; the table is in format.c. */
int image_parse_qcow(const struct image_source *source, struct cow_header *header);
int image_parse_qcow2(const struct image_source *source, struct cow_header *header);
int image_parse_vmdk(const struct image_source *source, struct cow_header *header);
int image_parse_vdi(const struct image_source *source, struct cow_header *header);
int image_parse_vpc(const struct image_source *source, struct cow_header *header);
int image_parse_vhdx(const struct image_source *source, struct cow_header *header);
int image_parse_qed(const struct image_source *source, struct cow_header *header);
int image_parse_luks(const struct image_source *source, struct cow_header *header);
int image_parse_iso(const struct image_source *source, struct cow_header *header);

#endif
