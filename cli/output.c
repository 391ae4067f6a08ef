/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <langinfo.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

bool cli_output_is_fancy(void)
{
	return isatty(STDOUT_FILENO) && !strcmp(nl_langinfo(CODESET), "UTF-8");
}

/* write(2) itself, so that nothing is left in a buffer for exit() to lose. */
static int write_all(const char *text, size_t size)
{
	while (size) {
		ssize_t n = write(STDOUT_FILENO, text, size);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			text += n;
			size -= (size_t)n;
		}
	}
	return 0;
}

/* So much at once, or less at the end: a short document has one write, a long one not too many. */
#define PENDING_MAX (64 << 10)

static void write_pending(struct cli_call *call)
{
	int r = call->write_error ? 0 : write_all(call->pending, call->pending_size);

	if (r < 0)
		call->write_error = -r;
	call->pending_size = 0;
}

static void put(struct cli_call *call, const char *text, size_t size)
{
	if (!call->pending)
		call->pending = cli_allocate(PENDING_MAX);
	while (size) {
		size_t room = PENDING_MAX - call->pending_size, n = size < room ? size : room;

		memcpy(call->pending + call->pending_size, text, n);
		call->pending_size += n;
		text += n;
		size -= n;
		if (call->pending_size == PENDING_MAX)
			write_pending(call);
	}
}

/* The document, to be freed, and what of it comes behind the rows, or all of it while there are
 * none. It has an empty array for them, and nowhere else such a line: a line break in a string is
 * escaped. */
static char *dump(const struct cli_call *call, const char **ret_rest)
{
	char *text = json_dumps(call->json, call->lines ? JSON_COMPACT : CLI_JSON_FLAGS);

	*ret_rest = text;
	if (call->rows) {
		char *line CLI_CLEANUP(text) = cli_format("\n   \"%s\": [", call->rows_key);

		*ret_rest = strstr(text, line) + strlen(line);
	}
	return text;
}

/* As deep in the document as it stands: without the two arrays around it, a line for each of their
 * brackets. */
void cli_output_row(struct cli_call *call, json_t *row)
{
	static const char before[] = "[\n   [\n", after[] = "\n   ]\n]";
	json_t *nested = json_pack("[[o]]", row);
	char *text CLI_CLEANUP(text) = json_dumps(nested, CLI_JSON_FLAGS);

	if (++call->rows == 1) {
		const char *rest;
		char *head CLI_CLEANUP(text) = dump(call, &rest);

		put(call, head, (size_t)(rest - head));
	}
	put(call, call->rows == 1 ? "\n" : ",\n", call->rows == 1 ? 1 : 2);
	put(call, text + sizeof(before) - 1, strlen(text) - (sizeof(before) + sizeof(after) - 2));
	json_decref(nested);
}

static void put_rest(struct cli_call *call)
{
	const char *rest;
	char *text CLI_CLEANUP(text) = dump(call, &rest);

	if (call->rows)
		put(call, "\n   ", 4);
	put(call, rest, strlen(rest));
	put(call, "\n", 1);
}

/* The text so far, which begins anew. */
static void put_text(struct cli_call *call)
{
	fflush(call->out);
	if (!call->json)
		put(call, call->text, call->text_size);
	rewind(call->out);
}

void cli_output_line(struct cli_call *call)
{
	if (call->json)
		put_rest(call);
	put_text(call);
	write_pending(call);
}

static int failed(struct cli_call *call, int errnum)
{
	fprintf(stderr, "cowctl: write to standard output: %s\n", strerrordesc_np(errnum));
	return cli_status(call, CLI_EXIT_FAILED);
}

int cli_output_finish(struct cli_call *call)
{
	if (fclose(call->out))
		return failed(call, errno);
	if (!call->json && call->text_size)
		put(call, call->text, call->text_size);
	if (call->json && (!call->lines || json_object_get(call->json, "error")))
		put_rest(call);
	write_pending(call);
	/* NFS and quotas tell at the end. */
	if (!call->write_error && call->pending && close(STDOUT_FILENO) < 0)
		call->write_error = errno;
	return call->write_error ? failed(call, call->write_error) : call->status;
}
