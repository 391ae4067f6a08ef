/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "cli.h"

/* Length of the well-formed UTF-8 sequence at `text`, 0 when there is none. */
static size_t sequence(const char *text)
{
	char copy[5] = {0};

	for (size_t n = 1; n <= 4 && text[n - 1]; n++) {
		copy[n - 1] = text[n - 1];
		if (cow_text_is_utf8(copy))
			return n;
	}
	return 0;
}

/* Looked through here, so not by jansson once more; nor is a key, which is a word of ours. */
json_t *cli_json_text(const char *text)
{
	char *lossy CLI_CLEANUP(text) = NULL, *to;

	if (!text)
		return json_null();
	if (cow_text_is_utf8(text))
		return json_string_nocheck(text);
	to = lossy = cli_allocate(3 * strlen(text) + 1);
	while (*text) {
		size_t n = sequence(text);

		to = n ? mempcpy(to, text, n) : stpcpy(to, "\xEF\xBF\xBD");
		text += n ? n : 1;
	}
	return json_string_nocheck(lossy);
}

static char *base64(const char *text)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *from = (const unsigned char *)text;
	size_t length = strlen(text);
	char *result = cli_allocate(4 * ((length + 2) / 3) + 1), *to = result;

	for (size_t i = 0; i < length; i += 3) {
		size_t left = length - i;
		unsigned bits = (unsigned)from[i] << 16;

		bits |= left > 1 ? (unsigned)from[i + 1] << 8 : 0;
		bits |= left > 2 ? from[i + 2] : 0;
		*to++ = digits[bits >> 18];
		*to++ = digits[bits >> 12 & 63];
		*to++ = left > 1 ? digits[bits >> 6 & 63] : '=';
		*to++ = left > 2 ? digits[bits & 63] : '=';
	}
	return result;
}

void cli_json_path(json_t *object, const char *key, const char *path)
{
	json_object_set_new_nocheck(object, key, cli_json_text(path));
	if (path && !cow_text_is_utf8(path)) {
		char *bytes_key CLI_CLEANUP(text) = cli_format("%s_bytes", key);
		char *bytes CLI_CLEANUP(text) = base64(path);

		json_object_set_new(object, bytes_key, json_string(bytes));
	}
}

void cli_json_value(json_t *object, const char *key, struct cli_value value)
{
	json_t *json = NULL;

	switch (value.kind) {
	case CLI_KIND_PATH:
		cli_json_path(object, key, value.text);
		return;
	case CLI_KIND_TEXT:
		json = cli_json_text(value.text);
		break;
	case CLI_KIND_BYTES:
	case CLI_KIND_NUMBER:
		json = json_integer((json_int_t)value.number);
		break;
	case CLI_KIND_REAL:
		json = json_real(value.real);
		break;
	case CLI_KIND_BOOL:
		json = json_boolean(value.number);
		break;
	case CLI_KIND_UNKNOWN:
	case CLI_KIND_NONE:
		json = json_null();
		break;
	}
	json_object_set_new_nocheck(object, key, json);
}

void cli_json_columns(json_t *object, const struct cli_column *columns, const void *item)
{
	for (; columns->name; columns++)
		if (columns->key && columns->get)
			cli_json_value(object, columns->key, columns->get(item));
}

struct cli_value cli_text(const char *text)
{
	return (struct cli_value){.kind = text ? CLI_KIND_TEXT : CLI_KIND_NONE, .text = text};
}

struct cli_value cli_path(const char *path)
{
	return (struct cli_value){.kind = path ? CLI_KIND_PATH : CLI_KIND_NONE, .text = path};
}

struct cli_value cli_bytes(uint64_t bytes)
{
	return (struct cli_value){.kind = CLI_KIND_BYTES, .number = bytes};
}

struct cli_value cli_number(uint64_t number)
{
	return (struct cli_value){.kind = CLI_KIND_NUMBER, .number = number};
}

struct cli_value cli_real(double real)
{
	return (struct cli_value){.kind = CLI_KIND_REAL, .real = real};
}

struct cli_value cli_bool(bool value)
{
	return (struct cli_value){.kind = CLI_KIND_BOOL, .number = value};
}

struct cli_value cli_answer(enum cow_answer answer)
{
	return answer == COW_ANSWER_UNKNOWN ? cli_unknown() : cli_bool(answer == COW_ANSWER_YES);
}

struct cli_value cli_unknown(void)
{
	return (struct cli_value){.kind = CLI_KIND_UNKNOWN};
}
