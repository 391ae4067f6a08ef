/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

int cli_status(struct cli_call *call, int status)
{
	if (status > call->status)
		call->status = status;
	return call->status;
}

/* Not strerror(): nothing else is translated either. */
static char *with_cause(const struct cow_error *err)
{
	const char *cause = err->errnum ? strerrordesc_np(err->errnum) : NULL;

	return cli_format("%s%s%s", err->message, cause ? ": " : "", cause ? cause : "");
}

static json_t *error_object(enum cow_code code, const char *message, const char *remedy)
{
	json_t *error = json_object();

	json_object_set_new(error, "code", json_string(cow_code_name(code)));
	json_object_set_new(error, "message", cli_json_text(message));
	json_object_set_new(error, "remedy", cli_json_text(*remedy ? remedy : NULL));
	return error;
}

json_t *cli_json_error(const struct cow_error *err)
{
	char *message CLI_CLEANUP(text) = with_cause(err);

	return error_object(err->code, message, err->remedy);
}

int cli_error_about(struct cli_call *call, const char *path, const struct cow_error *err)
{
	char *message CLI_CLEANUP(text) = with_cause(err);

	cli_progress_clear(call);
	fprintf(stderr, "cowctl: %s%s%s%s%s%s\n", path ? CLI_QUOTE(path) : "", path ? ": " : "",
		message, *err->remedy ? " (" : "", err->remedy, *err->remedy ? ")" : "");
	/* Only the first: what comes later is often its consequence, and stderr has them all. */
	if (call->json && !json_object_get(call->json, "error"))
		json_object_set_new(call->json, "error", cli_json_error(err));
	return cli_status(call, cow_code_exit_status(err->code));
}

int cli_error(struct cli_call *call, const struct cow_error *err)
{
	return cli_error_about(call, NULL, err);
}

static enum cow_code code_of(int errnum)
{
	switch (errnum) {
	case ENOENT:
	case ENOTDIR:
		return COW_CODE_NOT_FOUND;
	case EACCES:
	case EPERM:
		return COW_CODE_PERMISSION;
	default:
		return COW_CODE_UNKNOWN;
	}
}

int cli_error_system(struct cli_call *call, int errnum, const char *format, ...)
{
	struct cow_error err = {.errnum = errnum, .code = code_of(errnum)};
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(err.message, sizeof(err.message), format, arguments);
	va_end(arguments);
	return cli_error(call, &err);
}

int cli_usage(struct cli_call *call, const char *format, ...)
{
	char *message CLI_CLEANUP(text) = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&message, format, arguments) < 0)
		message = NULL;
	va_end(arguments);
	fprintf(stderr, "cowctl %s: %s\nTry 'cowctl help %s'.\n", call->verb->name,
		message ? message : "", call->verb->name);
	if (call->json)
		json_object_set_new(call->json, "error", error_object(COW_CODE_USAGE, message, ""));
	return cli_status(call, CLI_EXIT_USAGE);
}

void cli_warn(struct cli_call *call, const char *format, ...)
{
	va_list arguments;

	cli_progress_clear(call);
	fputs("cowctl: warning: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

enum cow_pool_scope cli_scope(const struct cli_call *call)
{
	if (cli_given(call, "session"))
		return COW_POOL_SCOPE_SESSION;
	return cli_given(call, "system") || geteuid() == 0 ? COW_POOL_SCOPE_SYSTEM
							   : COW_POOL_SCOPE_SESSION;
}

static void out_of_memory(void)
{
	fputs("cowctl: out of memory\n", stderr);
	exit(CLI_EXIT_FAILED);
}

void *cli_reallocate(void *memory, size_t size)
{
	memory = realloc(memory, size ? size : 1);
	if (!memory)
		out_of_memory();
	return memory;
}

void *cli_allocate(size_t size)
{
	void *memory = calloc(1, size ? size : 1);

	if (!memory)
		out_of_memory();
	return memory;
}

char *cli_copy(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(cli_allocate(size), text, size);
}

char *cli_format(const char *format, ...)
{
	char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		out_of_memory();
	va_end(arguments);
	return text;
}
