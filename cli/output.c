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

/* The document has an empty array where the rows of its table belong, and nowhere else such a line:
 * a line break within a string is escaped. */
static int write_json(const struct cli_call *call)
{
	char *line CLI_CLEANUP(text) = cli_format("\n   \"%s\": [", call->rows_key);
	const char *rest = strstr(call->text, line) + strlen(line);
	int r = write_all(call->text, (size_t)(rest - call->text));

	if (r == 0)
		r = write_all("\n", 1);
	if (r == 0)
		r = write_all(call->rows, call->rows_size);
	if (r == 0)
		r = write_all("\n   ", 4);
	return r == 0 ? write_all(rest, call->text_size - (size_t)(rest - call->text)) : r;
}

static int failed(struct cli_call *call, int errnum)
{
	fprintf(stderr, "cowctl: write to standard output: %s\n", strerrordesc_np(errnum));
	return cli_status(call, CLI_EXIT_FAILED);
}

int cli_output_finish(struct cli_call *call)
{
	int result = 0;

	if (fclose(call->out))
		return failed(call, errno);
	if (call->json) {
		free(call->text);
		call->text = json_dumps(call->json, CLI_JSON_FLAGS);
		if (!call->text)
			return failed(call, ENOMEM);
		call->text_size = strlen(call->text);
		call->text[call->text_size++] = '\n'; /* in place of its NUL */
	}
	if (call->rows_size)
		result = write_json(call);
	else if (call->text_size)
		result = write_all(call->text, call->text_size);
	/* NFS and quotas tell at the end. */
	if (result == 0 && call->text_size && close(STDOUT_FILENO) < 0)
		result = -errno;
	return result ? failed(call, -result) : call->status;
}
