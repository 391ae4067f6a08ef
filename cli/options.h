/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct cli_call;
struct cli_column;

/* What can be offered when somebody presses TAB; nothing, or any of it. */
#define CLI_COMPLETE_FILE      0x1u
#define CLI_COMPLETE_DIRECTORY 0x2u
#define CLI_COMPLETE_POOL      0x4u
#define CLI_COMPLETE_VOLUME    0x8u /* of the pool that an option names, and files without one */
#define CLI_COMPLETE_VERB      0x10u

/* One option. Parsing, --help, the manual page and completion all come from this. */
struct cli_option {
	const char *name;     /* long name without dashes; NULL ends a table */
	char letter;          /* short name, or 0 */
	const char *argument; /* what the argument is called, "SIZE"; NULL: there is none */
	const char *values; /* closed vocabulary instead, "off|on|auto": anything else is refused */
	const char *help;   /* lower case, no full stop, no apostrophe, one line of 80 */
	unsigned complete;  /* CLI_COMPLETE_... */
	bool hidden;        /* for the build only */
	const char *alone;  /* what it says without an argument, which then only "=" may bring */
};

/* Sets of options that several verbs share. */
#define CLI_WITH_JSON     0x1u  /* --json */
#define CLI_WITH_TABLE    0x2u  /* --output --noheadings; implies --json */
#define CLI_WITH_SCOPE    0x4u  /* --system --session */
#define CLI_WITH_PROGRESS 0x8u  /* --progress */
#define CLI_WITH_BYTES    0x10u /* --bytes, where there are sizes */

struct cli_verb {
	const char *name;     /* "probe"; in a group "pool define" */
	const char *operands; /* "[PATH...]" as shown in the usage line, "" for none */
	int operands_min;
	int operands_max;    /* -1: any number */
	unsigned complete;   /* CLI_COMPLETE_... */
	const char *summary; /* lower case, no full stop, no apostrophe, one line of 80 */
	unsigned with;       /* CLI_WITH_... */
	const struct cli_option *options;
	const struct cli_column *columns;  /* CLI_WITH_TABLE */
	int (*run)(struct cli_call *call); /* returns an exit status, see cli.h */
};

#define CLI_OPTIONS_MAX 32

/* Fill `ret` with a verb's own options and the shared ones. @return how many. */
size_t cli_options_of(const struct cli_verb *verb, struct cli_option ret[CLI_OPTIONS_MAX]);
static inline bool cli_option_takes_argument(const struct cli_option *option)
{
	return option->argument || option->values;
}
/* What the argument is called: "SIZE" or "off|on|auto". */
static inline const char *cli_option_argument(const struct cli_option *option)
{
	return option->argument ? option->argument : option->values;
}

/* Parse the arguments after the verb, argv[0] being its last word. Options after operands count,
 * "--" ends them. @return 0, or 3 after the one line that says what is wrong. */
int cli_options_parse(struct cli_call *call, int argc, char **argv);

/* What was given. The name must be one of the verb's options. */
bool cli_given(const struct cli_call *call, const char *name);
/* The flag if the option was given, else 0: cli_flag(call, "dry-run", X) | cli_flag(...) */
unsigned cli_flag(const struct cli_call *call, const char *name, unsigned flag);
/* As if it had been given, unless it was. */
void cli_default(struct cli_call *call, const char *name, const char *value);
const char *cli_value(const struct cli_call *call, const char *name); /* NULL: not given */
/* Which word of its closed vocabulary was given, the first (0) if none was. */
unsigned cli_choice(const struct cli_call *call, const char *name);

/* --help of one verb. */
void cli_options_help(const struct cli_verb *verb, FILE *out);

#endif
