/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ctype.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cow/types.h>

#include "base/text.h"

char *base_format(const char *format, ...)
{
	va_list arguments;
	char *text;
	int n;

	va_start(arguments, format);
	n = vasprintf(&text, format, arguments);
	va_end(arguments);
	return n < 0 ? NULL : text;
}

static void mark_cut(char *buffer, size_t size, int needed)
{
	if (needed >= 0 && (size_t)needed >= size && size > 3)
		memcpy(buffer + size - 4, "...", 4);
}

void base_copy_format(char *buffer, size_t size, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	mark_cut(buffer, size, vsnprintf(buffer, size, format, arguments));
	va_end(arguments);
}

void base_copy(char *buffer, size_t size, const char *text)
{
	mark_cut(buffer, size, snprintf(buffer, size, "%s", text));
}

/* Length of the UTF-8 sequence at p, 0 when it is not one: overlong forms, surrogates and code
 * points beyond U+10FFFF are not (RFC 3629). */
static size_t utf8_length(const unsigned char *p)
{
	static const struct {
		unsigned char low, high, second_low, second_high;
		unsigned char length;
	} forms[] = {
		{0x01, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};

	for (size_t i = 0; i < BASE_ARRAY_SIZE(forms); i++) {
		if (p[0] < forms[i].low || p[0] > forms[i].high)
			continue;
		if (forms[i].length > 1 &&
		    (p[1] < forms[i].second_low || p[1] > forms[i].second_high))
			return 0;
		for (size_t k = 2; k < forms[i].length; k++)
			if ((p[k] & 0xc0) != 0x80)
				return 0;
		return forms[i].length;
	}
	return 0;
}

COW_EXPORT bool cow_text_is_utf8(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	for (size_t n; *p; p += n)
		if (!(n = utf8_length(p)))
			return false;
	return true;
}

/* What stands for the character at p; sets *used to the bytes it takes of the name. */
static size_t escape_one(const unsigned char *p, char piece[8], size_t *used)
{
	size_t n = utf8_length(p);

	/* C1 controls (U+0080..U+009F) can drive a terminal as well. */
	bool control = *p < 0x20 || *p == 0x7f || (n == 2 && *p == 0xc2 && p[1] < 0xa0);

	*used = n ? n : 1;
	if (*p == '\n' || *p == '\t' || *p == '\\')
		return (size_t)sprintf(piece, "\\%c", *p == '\n' ? 'n' : *p == '\t' ? 't' : '\\');
	if (n && !control) {
		memcpy(piece, p, n);
		return n;
	}
	*used = 1;
	return (size_t)sprintf(piece, "\\x%02x", *p);
}

COW_EXPORT char *cow_name_escape(const char *name, char *buffer, size_t size)
{
	const unsigned char *p = (const unsigned char *)name;
	size_t length = 0, fits = 0;

	if (size == 0)
		return buffer;
	for (size_t used; *p; p += used) {
		char piece[8];
		size_t n = escape_one(p, piece, &used);

		if (length + n >= size) {
			/* cut at a whole character that leaves room for the mark */
			base_copy(buffer + fits, size - fits, "...");
			return buffer;
		}
		memcpy(buffer + length, piece, n);
		length += n;
		if (length + 4 <= size)
			fits = length;
	}
	buffer[length] = '\0';
	return buffer;
}

uint64_t base_size_unit(const char *unit)
{
	static const char letters[] = "kmgtpe";
	const char *letter = unit[0] ? strchr(letters, tolower((unsigned char)unit[0])) : NULL;
	bool decimal = letter && !strcasecmp(unit + 1, "b");
	uint64_t scale = 1;

	if (!strcasecmp(unit, "b") || !strcasecmp(unit, "byte") || !strcasecmp(unit, "bytes"))
		return 1;
	if (!letter || (unit[1] && !decimal && strcasecmp(unit + 1, "ib") != 0))
		return 0;
	for (const char *l = letters; l <= letter; l++)
		scale *= decimal ? 1000 : 1024;
	return scale;
}

COW_EXPORT int cow_size_parse(const char *text, uint64_t *ret_bytes)
{
	/* Digits by hand: strtoull takes signs and white space, strtod loses bits. */
	unsigned __int128 whole = 0, fraction = 0, scale = 1;
	const char *p = text;
	uint64_t unit;

	if (!isdigit((unsigned char)*p))
		return -EINVAL;
	for (; isdigit((unsigned char)*p); p++) {
		whole = whole * 10 + (unsigned)(*p - '0');
		if (whole > INT64_MAX)
			return -ERANGE;
	}
	if (*p == '.') {
		if (!isdigit((unsigned char)*++p))
			return -EINVAL;
		for (; isdigit((unsigned char)*p); p++) {
			if (scale > 1000000000u)
				return -EINVAL;
			fraction = fraction * 10 + (unsigned)(*p - '0');
			scale *= 10;
		}
	}
	unit = *p ? base_size_unit(p) : 1;
	if (!unit)
		return -EINVAL;
	whole *= unit;
	fraction *= unit;
	if (fraction % scale)
		return -EINVAL;
	whole += fraction / scale;
	if (whole > INT64_MAX)
		return -ERANGE;
	*ret_bytes = (uint64_t)whole;
	return 0;
}

COW_EXPORT char *cow_size_format(uint64_t bytes, char *buffer, size_t size)
{
	static const char letters[] = "BKMGTPE";
	uint64_t tenths = 0;
	int unit = 0;

	while (bytes >= 1024 && letters[unit + 1]) {
		tenths = (bytes % 1024) * 10 / 1024;
		bytes /= 1024;
		unit++;
	}
	if (unit && tenths && bytes < 100)
		snprintf(buffer, size, "%llu.%llu%c", (unsigned long long)bytes,
			 (unsigned long long)tenths, letters[unit]);
	else
		snprintf(buffer, size, "%llu%c", (unsigned long long)bytes, letters[unit]);
	return buffer;
}
