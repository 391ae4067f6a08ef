/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cow/types.h>

#include "base/error.h"
#include "base/text.h"

/* One table: code, its name, and the exit status a command ends with. */
static const struct {
	const char *name;
	int exit_status;
} codes[] = {
	[COW_CODE_UNKNOWN] = {"unknown", 2},
	[COW_CODE_USAGE] = {"usage", 3},
	[COW_CODE_NOT_FOUND] = {"not-found", 2},
	[COW_CODE_EXISTS] = {"exists", 2},
	[COW_CODE_PERMISSION] = {"permission", 2},
	[COW_CODE_BUSY] = {"busy", 2},
	[COW_CODE_CHANGED] = {"changed", 2},
	[COW_CODE_NO_SPACE] = {"no-space", 2},
	[COW_CODE_READ_ONLY] = {"read-only", 2},
	[COW_CODE_UNSUPPORTED] = {"unsupported", 1},
	[COW_CODE_CONFLICT] = {"conflict", 1},
	[COW_CODE_NOT_HONOURED] = {"not-honoured", 1},
	[COW_CODE_REFUSED] = {"refused", 2},
	[COW_CODE_CORRUPT] = {"corrupt", 2},
	[COW_CODE_TOOL] = {"tool", 2},
	[COW_CODE_CANCELLED] = {"cancelled", 2},
	[COW_CODE_NO_MEMORY] = {"no-memory", 2},
};

COW_EXPORT const char *cow_code_name(enum cow_code code)
{
	return codes[(size_t)code < BASE_ARRAY_SIZE(codes) ? code : 0].name;
}

COW_EXPORT int cow_code_exit_status(enum cow_code code)
{
	return codes[(size_t)code < BASE_ARRAY_SIZE(codes) ? code : 0].exit_status;
}

static enum cow_code code_of_errno(int errnum)
{
	switch (errnum) {
	case EINVAL:
	case ENAMETOOLONG:
		return COW_CODE_USAGE;
	case ENOENT:
	case ENOTDIR:
	case ESRCH:
		return COW_CODE_NOT_FOUND;
	case EEXIST:
		return COW_CODE_EXISTS;
	case EPERM:
	case EACCES:
		return COW_CODE_PERMISSION;
	case EBUSY:
	case EAGAIN:
	case ETXTBSY:
		return COW_CODE_BUSY;
	case ESTALE:
		return COW_CODE_CHANGED;
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return COW_CODE_NO_SPACE;
	case EROFS:
		return COW_CODE_READ_ONLY;
	case EOPNOTSUPP:
	case ENOTTY:
	case ENOSYS:
		return COW_CODE_UNSUPPORTED;
	case EUCLEAN:
	case EBADMSG:
		return COW_CODE_CORRUPT;
	case ECANCELED:
		return COW_CODE_CANCELLED;
	case ENOMEM:
		return COW_CODE_NO_MEMORY;
	default:
		return COW_CODE_UNKNOWN;
	}
}

static BASE_PRINTF(4, 0) void fill(struct cow_error *err, int errnum, enum cow_code code,
				   const char *format, va_list arguments)
{
	if (!err)
		return;
	memset(err, 0, sizeof(*err));
	err->errnum = errnum;
	err->code = code;
	vsnprintf(err->message, sizeof(err->message), format, arguments);
}

int base_fail(struct cow_error *err, int errnum, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fill(err, errnum, code_of_errno(errnum), format, arguments);
	va_end(arguments);
	return -errnum;
}

int base_fail_code(struct cow_error *err, int errnum, enum cow_code code, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fill(err, errnum, code, format, arguments);
	va_end(arguments);
	return -errnum;
}

int base_refuse(struct cow_error *err, int errnum, enum cow_code code, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fill(err, 0, code, format, arguments);
	va_end(arguments);
	return -errnum;
}

int base_remedy(struct cow_error *err, int result, const char *format, ...)
{
	va_list arguments;

	if (!err)
		return result;
	va_start(arguments, format);
	vsnprintf(err->remedy, sizeof(err->remedy), format, arguments);
	va_end(arguments);
	return result;
}

int base_fail_in(struct cow_error *err, int result, const struct cow_error *cause,
		 const char *format, ...)
{
	va_list arguments;
	size_t length;

	if (!err)
		return result;
	va_start(arguments, format);
	fill(err, cause->errnum, cause->code, format, arguments);
	va_end(arguments);
	length = strlen(err->message);
	snprintf(err->message + length, sizeof(err->message) - length, ": %s", cause->message);
	memcpy(err->remedy, cause->remedy, sizeof(err->remedy));
	return result;
}

const char *base_quote(const char *name, char buffer[BASE_QUOTE_MAX])
{
	buffer[0] = '\'';
	cow_name_escape(name ? name : "", buffer + 1, BASE_QUOTE_MAX - 2);
	strcat(buffer, "'");
	return buffer;
}
