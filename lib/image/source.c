/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image/format.h"

/* Both ends count from the file's size, which may disagree with what was read of it. */
const uint8_t *image_at(const struct image_source *source, uint64_t offset, uint64_t size)
{
	uint64_t tail = source->file_size - source->tail_size;

	if (!size)
		return NULL;
	if (offset <= source->head_size && size <= source->head_size - offset) {
		if (source->load)
			image_load(source->load, offset, size);
		return source->head + offset;
	}
	if (source->tail_size > source->file_size || offset < tail)
		return NULL;
	offset -= tail;
	if (offset > source->tail_size || size > source->tail_size - offset)
		return NULL;
	if (source->load)
		image_load_tail(source->load);
	return source->tail + offset;
}

bool image_has(const struct image_source *source, uint64_t offset, const void *bytes, size_t size)
{
	const uint8_t *at = image_at(source, offset, size);

	return at && !memcmp(at, bytes, size);
}

static void copy(const struct image_source *source, uint64_t offset, void *value, size_t size)
{
	const uint8_t *at = image_at(source, offset, size);

	if (at)
		memcpy(value, at, size);
}

#define DEFINE_NUMBER(name, type, convert)                                                         \
	type image_##name(const struct image_source *source, uint64_t offset)                      \
	{                                                                                          \
		type value = 0;                                                                    \
                                                                                                   \
		copy(source, offset, &value, sizeof(value));                                       \
		return convert(value);                                                             \
	}

DEFINE_NUMBER(le32, uint32_t, le32toh)
DEFINE_NUMBER(le64, uint64_t, le64toh)
DEFINE_NUMBER(be16, uint16_t, be16toh)
DEFINE_NUMBER(be32, uint32_t, be32toh)
DEFINE_NUMBER(be64, uint64_t, be64toh)

uint64_t image_bytes(uint64_t count, uint64_t unit, bool *ret_bad)
{
	uint64_t bytes;

	if (!__builtin_mul_overflow(count, unit, &bytes) && bytes <= INT64_MAX)
		return bytes;
	*ret_bad = true;
	return 0;
}

int image_name(const struct image_source *source, uint64_t offset, uint64_t size, char **ret)
{
	const uint8_t *at = image_at(source, offset, size);
	char *name;

	if (!at || !size || memchr(at, '\0', size))
		return -EBADMSG;
	name = strndup((const char *)at, size);
	if (!name)
		return -ENOMEM;
	*ret = name;
	return 0;
}

static char *put_utf8(char *to, uint32_t point)
{
	if (point < 0x80) {
		*to++ = (char)point;
	} else if (point < 0x800) {
		*to++ = (char)(0xc0 | point >> 6);
		*to++ = (char)(0x80 | (point & 0x3f));
	} else if (point < 0x10000) {
		*to++ = (char)(0xe0 | point >> 12);
		*to++ = (char)(0x80 | (point >> 6 & 0x3f));
		*to++ = (char)(0x80 | (point & 0x3f));
	} else {
		*to++ = (char)(0xf0 | point >> 18);
		*to++ = (char)(0x80 | (point >> 12 & 0x3f));
		*to++ = (char)(0x80 | (point >> 6 & 0x3f));
		*to++ = (char)(0x80 | (point & 0x3f));
	}
	return to;
}

static bool is_surrogate(uint32_t unit, uint32_t first)
{
	return (unit & 0xfc00) == first;
}

int image_name_utf16be(const struct image_source *source, uint64_t offset, uint64_t size,
		       char **ret)
{
	uint64_t units = size / 2;
	char *name, *to;

	if (!image_at(source, offset, size) || units > SIZE_MAX / 3 - 1)
		return -EBADMSG;
	if (!image_be16(source, offset))
		return 0;
	/* A unit makes at most three bytes: a pair of them makes four. */
	name = to = malloc(units * 3 + 1);
	if (!name)
		return -ENOMEM;
	for (uint64_t i = 0; i < units; i++) {
		uint32_t point = image_be16(source, offset + 2 * i);
		uint32_t low = i + 1 < units ? image_be16(source, offset + 2 * i + 2) : 0;

		if (!point)
			break;
		if (is_surrogate(point, 0xd800) && is_surrogate(low, 0xdc00)) {
			point = 0x10000 + ((point & 0x3ff) << 10 | (low & 0x3ff));
			i++;
		} else if ((point & 0xf800) == 0xd800) {
			point = 0xfffd;
		}
		to = put_utf8(to, point);
	}
	*to = '\0';
	*ret = name;
	return 0;
}
