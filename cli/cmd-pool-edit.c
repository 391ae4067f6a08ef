/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cowctl pool edit, rename: change a definition that is there. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pool.h"
#include "verbs.h"

static const char *editor(void)
{
	static const char *const variables[] = {"VISUAL", "EDITOR"};

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		const char *value = getenv(variables[i]);

		if (value && *value)
			return value;
	}
	return "vi";
}

static pid_t start_editor(const char *command, const char *file, const struct sigaction before[2])
{
	pid_t pid = fork();

	if (pid)
		return pid;
	sigaction(SIGINT, &before[0], NULL);
	sigaction(SIGQUIT, &before[1], NULL);
	signal(SIGPIPE, SIG_DFL);
	execl("/bin/sh", "sh", "-c", command, "sh", file, (char *)NULL);
	_exit(127);
}

/* By the shell, as everywhere: an editor may come with options. And Ctrl-C is a key of the editor's
 * like any other, of which neither we nor the shell end. @return an exit status. */
static int run_editor(struct cli_call *call, const char *file)
{
	char *command CLI_CLEANUP(text) = cli_format("trap : INT QUIT; %s \"$1\"", editor());
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct sigaction before[2];
	int status = 0, errnum = 0;
	pid_t pid;

	sigaction(SIGINT, &ignore, &before[0]);
	sigaction(SIGQUIT, &ignore, &before[1]);
	pid = start_editor(command, file, before);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		errnum = errno;
	sigaction(SIGINT, &before[0], NULL);
	sigaction(SIGQUIT, &before[1], NULL);
	if (errnum)
		return cli_error_system(call, errnum, "start the editor");
	if (status)
		return cli_error_system(call, 0, "the editor %s failed", CLI_QUOTE(editor()));
	return 0;
}

static int write_text(int fd, const char *text)
{
	size_t done = 0, size = strlen(text);

	while (done < size) {
		ssize_t n = write(fd, text + done, size - done);

		if (n < 0 && errno != EINTR)
			return -1;
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* A file of its own with the definition; NULL after saying the error. */
static char *make_file(struct cli_call *call, const char *xml)
{
	const char *folder = getenv("TMPDIR");
	char *file = cli_format("%s/cowctl-pool-XXXXXX.xml", folder && *folder ? folder : "/tmp");
	int fd = mkstemps(file, (int)strlen(".xml"));

	if (fd >= 0 && write_text(fd, xml) == 0 && close(fd) == 0)
		return file;
	cli_error_system(call, errno, "write %s", CLI_QUOTE(file));
	free(file);
	return NULL;
}

/* Is the file what was written into it? */
static bool is_untouched(const char *file, const char *xml)
{
	size_t size = 0;
	char *text CLI_CLEANUP(text) = cli_read_definition(file, &size);

	return text && size == strlen(xml) && !memcmp(text, xml, size);
}

/* Take what was edited. @return 1 when it is as it was, 0 when it is stored, or -1 with *err. */
static int take(struct cow_pool_store *store, const struct cow_pool *pool, const char *xml,
		const char *file, struct cow_error *err)
{
	struct cow_pool *edited CLI_CLEANUP(pool) = NULL;
	char *text CLI_CLEANUP(text) = NULL;
	size_t size = 0;

	text = cli_read_definition(file, &size);
	if (!text) {
		snprintf(err->message, sizeof(err->message), "read %s", CLI_QUOTE(file));
		err->errnum = errno;
		return -1;
	}
	if (size == strlen(xml) && !memcmp(text, xml, size))
		return 1;
	if (cow_pool_new_xml(text, size, &edited, err) < 0 ||
	    cow_pool_replace(store, pool, edited, err) < 0)
		return -1;
	return 0;
}

static void tell(struct cli_call *call, struct cow_pool_store *store, const char *name,
		 bool is_changed)
{
	struct cow_pool *pool CLI_CLEANUP(pool) = NULL;

	fprintf(call->out, "pool %s %s\n", CLI_QUOTE(name),
		is_changed ? "is changed" : "is not changed");
	if (is_changed && cow_pool_lookup(store, name, &pool, NULL) == 0)
		cli_pool_tell_pending(call, pool);
}

static bool asks_again(void)
{
	char answer[16] = "";

	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return false;
	fputs("Edit it again? [y/n] ", stderr);
	return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

/* Until it is taken or given up. What was written is never lost: then the file stays. */
static int edit_file(struct cli_call *call, struct cow_pool_store *store, struct cow_pool **pool,
		     const char *xml, const char *file)
{
	for (;;) {
		struct cow_error err = {0};
		int r, status = run_editor(call, file);

		if (status)
			break;
		r = take(store, *pool, xml, file, &err);
		if (r >= 0) {
			unlink(file);
			tell(call, store, (*pool)->name, r == 0);
			return CLI_EXIT_CLEAN;
		}
		if (!asks_again()) {
			cli_error(call, &err);
			break;
		}
		cli_warn(call, "%s", err.message);
		/* From here on it is meant to replace what is there now. */
		if (err.code == COW_CODE_CHANGED) {
			const char *uuid = (*pool)->uuid;
			struct cow_pool *now = NULL;

			if (cow_pool_lookup_stored(store, uuid, &now, &err) < 0) {
				cli_error(call, &err);
				break;
			}
			cow_pool_free(*pool);
			*pool = now;
		}
	}
	if (is_untouched(file, xml))
		unlink(file);
	else
		cli_warn(call, "what was edited is kept in %s", CLI_QUOTE(file));
	return call->status;
}

static int edit(struct cli_call *call)
{
	struct cow_pool_store *store CLI_CLEANUP(store) = NULL;
	struct cow_pool *pool CLI_CLEANUP(pool) = NULL;
	char *xml CLI_CLEANUP(text) = NULL, *file CLI_CLEANUP(text) = NULL;
	struct cow_error err = {0};

	if (cow_pool_store_new(cli_scope(call), &store, &err) < 0 ||
	    cow_pool_lookup_stored(store, call->operands[0], &pool, &err) < 0 ||
	    cow_pool_dump_xml(pool, &xml, &err) < 0 ||
	    /* Which is refused: nobody is to write something for nothing. */
	    (pool->source == COW_POOL_SOURCE_LIBVIRT &&
	     cow_pool_replace(store, pool, pool, &err) < 0))
		return cli_error(call, &err);
	file = make_file(call, xml);
	return file ? edit_file(call, store, &pool, xml, file) : call->status;
}

const struct cli_verb cli_verb_pool_edit = {
	.name = "pool edit",
	CLI_POOL_OPERAND,
	.summary = "change a definition in an editor",
	.with = CLI_WITH_SCOPE,
	.run = edit,
};

static int rename_pool(struct cli_call *call)
{
	struct cow_pool_store *store CLI_CLEANUP(store) = NULL;
	struct cow_pool *pool CLI_CLEANUP(pool) = NULL, *renamed CLI_CLEANUP(pool) = NULL;
	struct cow_error err = {0};
	int status = cli_pool_open(call, &store, &pool);

	if (status)
		return status;
	if (cow_pool_rename(store, pool, call->operands[1], &err) < 0 ||
	    cow_pool_lookup(store, pool->uuid, &renamed, &err) < 0)
		return cli_error(call, &err);
	fprintf(call->out, "pool %s is now %s\n", CLI_QUOTE(pool->name), CLI_QUOTE(renamed->name));
	cli_pool_json(call, store, renamed);
	return CLI_EXIT_CLEAN;
}

const struct cli_verb cli_verb_pool_rename = {
	.name = "pool rename",
	.operands = "POOL NAME",
	.operands_min = 2,
	.operands_max = 2,
	.complete = CLI_COMPLETE_POOL,
	.summary = "give a pool another name; its directory stays",
	.with = CLI_WITH_JSON | CLI_WITH_SCOPE,
	.run = rename_pool,
};
