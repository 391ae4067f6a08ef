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
	/* NFS and quotas tell at the end. */
	return close(STDOUT_FILENO) < 0 ? -errno : 0;
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
		call->text = json_dumps(call->json, JSON_INDENT(3) | JSON_REAL_PRECISION(9));
		if (!call->text)
			return failed(call, ENOMEM);
		call->text_size = strlen(call->text);
		call->text[call->text_size++] = '\n'; /* in place of its NUL */
	}
	if (call->text_size)
		result = write_all(call->text, call->text_size);
	return result ? failed(call, -result) : call->status;
}
