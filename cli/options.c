/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <assert.h>
#include <getopt.h>
#include <string.h>

#include "cli.h"

static const struct {
	unsigned with;
	struct cli_option option;
} shared[] = {
	{CLI_WITH_TABLE, {"output", 'o', "COL,...", NULL, "columns to show", 0, false}},
	{CLI_WITH_TABLE, {"noheadings", 'n', NULL, NULL, "leave out the heading", 0, false}},
	{CLI_WITH_BYTES, {"bytes", 'b', NULL, NULL, "sizes in bytes", 0, false}},
	{CLI_WITH_JSON | CLI_WITH_TABLE, {"json", 'J', NULL, NULL, "write JSON", 0, false}},
	{CLI_WITH_PROGRESS,
	 {"progress", 0, NULL, "auto|json|none", "how far it is, on standard error", 0, false}},
	{CLI_WITH_SCOPE, {"system", 0, NULL, NULL, "pools of the system", 0, false}},
	{CLI_WITH_SCOPE, {"session", 0, NULL, NULL, "pools of the user", 0, false}},
	{~0u, {"help", 'h', NULL, NULL, "show this help", 0, false}},
};

size_t cli_options_of(const struct cli_verb *verb, struct cli_option ret[CLI_OPTIONS_MAX])
{
	size_t n = 0;

	for (const struct cli_option *option = verb->options; option && option->name; option++) {
		assert(n < CLI_OPTIONS_MAX);
		ret[n++] = *option;
	}
	for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++) {
		assert(n < CLI_OPTIONS_MAX);
		if (shared[i].with == ~0u || shared[i].with & verb->with)
			ret[n++] = shared[i].option;
	}
	return n;
}

static size_t index_of(const struct cli_call *call, const char *name)
{
	for (size_t i = 0; i < call->n_options; i++)
		if (!strcmp(call->options[i].name, name))
			return i;
	assert(!"an option that is in the verb's table");
	return 0;
}

const char *cli_value(const struct cli_call *call, const char *name)
{
	return call->values[index_of(call, name)];
}

bool cli_given(const struct cli_call *call, const char *name)
{
	return cli_value(call, name) != NULL;
}

void cli_default(struct cli_call *call, const char *name, const char *value)
{
	size_t i = index_of(call, name);

	if (!call->values[i])
		call->values[i] = value;
}

unsigned cli_flag(const struct cli_call *call, const char *name, unsigned flag)
{
	return cli_given(call, name) ? flag : 0;
}

/* Values getopt_long() returns: LONG + index, so that no letter is taken for an index. */
#define LONG 256

static void describe(const struct cli_call *call, struct option *longs, char *letters)
{
	*letters++ = ':';
	for (size_t i = 0; i < call->n_options; i++) {
		const struct cli_option *option = &call->options[i];
		bool argument = cli_option_takes_argument(option);
		int has = option->alone ? optional_argument : argument;

		*longs++ = (struct option){option->name, has, NULL, LONG + (int)i};
		if (!option->letter)
			continue;
		*letters++ = option->letter;
		if (argument)
			*letters++ = ':';
	}
	*longs = (struct option){0};
	*letters = '\0';
}

/* Which word of "one|other|third" it is, -1: none of them. */
static int find_word(const char *values, const char *value)
{
	size_t length = strlen(value);
	int i = 0;

	for (const char *word = values; word; word = strchr(word, '|'), i++) {
		word += *word == '|';
		if (strcspn(word, "|") == length && !strncmp(word, value, length))
			return i;
	}
	return -1;
}

unsigned cli_choice(const struct cli_call *call, const char *name)
{
	size_t i = index_of(call, name);

	return call->values[i] ? (unsigned)find_word(call->options[i].values, call->values[i]) : 0;
}

static int refuse(struct cli_call *call, int got, char *const *argv)
{
	/* optopt is what is wrong: a letter, LONG + index, or 0 for an unknown long option. */
	bool known = optopt >= LONG;
	char letter[3] = {'-', (char)optopt, '\0'};
	const char *written = known || !optopt ? argv[optind - 1] : letter;

	if (got == ':')
		return cli_usage(call, "option %s requires an argument", CLI_QUOTE(written));
	if (known)
		return cli_usage(call, "option '--%s' doesn't allow an argument",
				 call->options[optopt - LONG].name);
	return cli_usage(call, "unrecognized option %s", CLI_QUOTE(written));
}

static size_t index_of_result(const struct cli_call *call, int got)
{
	size_t i = 0;

	if (got >= LONG)
		return (size_t)(got - LONG);
	while (call->options[i].letter != got)
		i++;
	return i;
}

static int check(struct cli_call *call)
{
	const struct cli_verb *verb = call->verb;
	int result = cli_table_check(call);

	if (result)
		return result;
	if (call->n_operands < verb->operands_min)
		return cli_usage(call, "an operand is missing: %s", verb->operands);
	if (verb->operands_max >= 0 && call->n_operands > verb->operands_max)
		return cli_usage(call, "unexpected operand %s",
				 CLI_QUOTE(call->operands[verb->operands_max]));
	return 0;
}

int cli_options_parse(struct cli_call *call, int argc, char **argv)
{
	struct option longs[CLI_OPTIONS_MAX + 1];
	char letters[2 * CLI_OPTIONS_MAX + 2];
	int got;

	call->n_options = cli_options_of(call->verb, call->options);
	describe(call, longs, letters);
	opterr = 0;
	while ((got = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		if (got == '?' || got == ':')
			return refuse(call, got, argv);
		size_t i = index_of_result(call, got);
		const struct cli_option *option = &call->options[i];

		if (option->values && optarg && find_word(option->values, optarg) < 0)
			return cli_usage(call, "option '--%s' takes %s, not %s", option->name,
					 option->values, CLI_QUOTE(optarg));
		call->values[i] = optarg ? optarg : option->alone ? option->alone : "";
	}
	call->operands = argv + optind;
	call->n_operands = argc - optind;
	return cli_given(call, "help") ? 0 : check(call);
}

/* "  -o, --output COL,...", "      --reflink[=auto|always|never]" */
static void format_left(const struct cli_option *option, char *buffer, size_t size)
{
	const char *argument = cli_option_argument(option);

	snprintf(buffer, size, "  %c%c%s --%s%s%s%s", option->letter ? '-' : ' ',
		 option->letter ? option->letter : ' ', option->letter ? "," : " ", option->name,
		 option->alone ? "[="
		 : argument    ? " "
			       : "",
		 argument ? argument : "", option->alone ? "]" : "");
}

/* Words after a heading, wrapped. */
static void help_word(int *at, const char *word, FILE *out)
{
	if (*at + 1 + (int)strlen(word) > 79)
		*at = fprintf(out, "\n        ") - 1;
	*at += fprintf(out, " %s", word);
}

static void help_columns(const struct cli_column *columns, FILE *out)
{
	int at = fprintf(out, "Columns:");

	for (; columns->name; columns++)
		if (columns->get)
			help_word(&at, columns->name, out);
	fputc('\n', out);
}

/* What every verb that prints a table has, in short: cowctl(8) explains it once. */
static bool is_short(const struct cli_verb *verb, const struct cli_option *option)
{
	if (!(verb->with & CLI_WITH_TABLE))
		return false;
	for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++)
		if (!strcmp(shared[i].option.name, option->name))
			return true;
	return false;
}

static void help_short(const struct cli_verb *verb, const struct cli_option *options, size_t n,
		       FILE *out)
{
	int at = fprintf(out, "Common: ") - 1;
	char left[80];

	for (size_t i = 0; i < n; i++) {
		if (!is_short(verb, &options[i]))
			continue;
		format_left(&options[i], left, sizeof(left));
		help_word(&at, left + strspn(left, " "), out);
	}
	fputc('\n', out);
}

void cli_options_help(const struct cli_verb *verb, FILE *out)
{
	struct cli_option options[CLI_OPTIONS_MAX];
	size_t n = cli_options_of(verb, options);
	char left[80];
	int width = 0;

	for (size_t i = 0; i < n; i++) {
		format_left(&options[i], left, sizeof(left));
		if (!options[i].hidden && !is_short(verb, &options[i]) && (int)strlen(left) > width)
			width = (int)strlen(left);
	}
	fprintf(out, "Usage: cowctl %s [OPTION...]%s%s\n%s\n\n", verb->name,
		*verb->operands ? " " : "", verb->operands, verb->summary);
	for (size_t i = 0; i < n; i++) {
		format_left(&options[i], left, sizeof(left));
		if (!options[i].hidden && !is_short(verb, &options[i]))
			fprintf(out, "%-*s  %s\n", width, left, options[i].help);
	}
	if (verb->with & CLI_WITH_TABLE)
		help_short(verb, options, n, out);
	if (verb->columns)
		help_columns(verb->columns, out);
}
