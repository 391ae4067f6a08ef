/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_CLI_H
#define CLI_CLI_H

/*
 * cowctl: what all verbs share. cli/ uses the library through <cow/...> only.
 *
 * To add a verb:
 *  1. cli/cmd-NAME.c: its option table, its column table if it prints one, a function that does
 *     the work, and one `const struct cli_verb cli_verb_NAME`. Add the file to cli/meson.build.
 *  2. cli/verbs.h and cli/verbs.c: one line each. Dispatch, --help, the OPTIONS section of the
 *     manual page and completion follow from the tables.
 *  3. man/cowctl-NAME.8.scd.in, and its name in man/meson.build.
 *  4. tests/cli/NAME.sh.
 *
 * A verb never writes to stdout. Text goes to call->out, JSON to call->json, a table to both by
 * cli_table_*; main() prints it whole when the verb has returned, but for the rows of a long table
 * in JSON, and the lines of a stream, which are printed as they come. Talk goes to stderr, and
 * errors only by cli_error(), which also puts them into the JSON and into the exit status.
 */

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include <cow/cow.h>

#include "options.h"
#include "output.h"
#include "progress.h"

/* Exit statuses. The greatest of several wins; what is incomplete is never 0. */
#define CLI_EXIT_CLEAN    0
#define CLI_EXIT_FINDINGS 1 /* drift, an unmet wish */
#define CLI_EXIT_FAILED   2 /* could not finish, or could not know */
#define CLI_EXIT_USAGE    3

/* One run of one verb. */
struct cli_call {
	const struct cli_verb *verb;
	char **operands; /* NULL-terminated */
	int n_operands;
	FILE *out;    /* text for stdout, kept until the end */
	json_t *json; /* the object for stdout with --json, else NULL */
	int status;   /* worst so far, kept by cli_status() */

	/* kept by options.c, output.c and progress.c */
	struct cli_option options[CLI_OPTIONS_MAX];
	const char *values[CLI_OPTIONS_MAX]; /* NULL: not given; "" for options without argument */
	size_t n_options;
	char *text;
	size_t text_size;
	const char *rows_key; /* of the table in the JSON, or NULL */
	size_t rows;          /* how many it has so far, in no one's memory any more */
	char *pending;        /* of standard output, not written yet */
	size_t pending_size;
	bool lines;      /* a stream: JSON is one object per line, see cli_output_line() */
	int write_error; /* errno of the first write that failed, or 0 */
	struct cli_progress_state *progress;
};

/* Merge a status into the call's. @return the worst so far. */
int cli_status(struct cli_call *call, int status);

/* Say an error in one line, note the first one in the JSON, merge its exit status.
 * @return the worst status so far, so that a verb can end with it. */
int cli_error(struct cli_call *call, const struct cow_error *err);
/* The same with the path it is about in front, where the message has only its last name. */
int cli_error_about(struct cli_call *call, const char *path, const struct cow_error *err);
/* The same for a system call of the verb's own that failed with errnum. */
int cli_error_system(struct cli_call *call, int errnum, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The same for a wrong call: the line and a hint. @return CLI_EXIT_USAGE. */
int cli_usage(struct cli_call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A line of talk that is no error. */
void cli_warn(struct cli_call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Of whom the pools are: as --system and --session say (CLI_WITH_SCOPE), else as the caller is. */
enum cow_pool_scope cli_scope(const struct cli_call *call);

/* A name in single quotes, escaped to one printable line, until the end of the block. */
#define CLI_QUOTE_MAX   512
#define CLI_QUOTE(name) cli_quote((name), (char[CLI_QUOTE_MAX]){0})
const char *cli_quote(const char *name, char buffer[CLI_QUOTE_MAX]);

/* The same without quotes, of any length, and in nothing but characters the locale has (smartcols
 * never ends measuring others); free it. */
char *cli_escape(const char *name);

/* Open the directory that the last name of a path is in. @return a descriptor, or -1 after saying
 * the error. ret_name points into path, or is "." where the path ends in a slash; ret_directory
 * (may be NULL) is to be freed. */
int cli_open_parent(struct cli_call *call, const char *path, const char **ret_name,
		    char **ret_directory);

/* Of an operand that may be a path or the name of a pool: it is a path when it looks like one, or
 * is there. */
bool cli_is_path(const char *operand);
/* Something has that name, be it a symbolic link that leads nowhere. */
bool cli_is_there(const char *path);

/* A size as text, until the end of the block. */
#define CLI_SIZE(bytes) cow_size_format((bytes), (char[COW_SIZE_TEXT_MAX]){0}, COW_SIZE_TEXT_MAX)

/* malloc and friends that end the program, with no more printed to stdout, when memory is out. */
void *cli_allocate(size_t size);
void *cli_reallocate(void *memory, size_t size);
char *cli_copy(const char *text);
char *cli_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* CLI_DEFINE_CLEANUP(probe, struct cow_probe *, cow_probe_free), then CLI_CLEANUP(probe) on a
 * variable frees it when it goes out of scope. CLI_CLEANUP(text) is there for free(). */
#define CLI_DEFINE_CLEANUP(name, type, call)                                                       \
	static inline void cli_cleanup_##name(type *variable)                                      \
	{                                                                                          \
		call(*variable);                                                                   \
	}
#define CLI_CLEANUP(name) __attribute__((cleanup(cli_cleanup_##name), unused))
CLI_DEFINE_CLEANUP(text, char *, free)

#endif
