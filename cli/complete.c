/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "document.h"
#include "output.h"
#include "verbs.h"

/* What the tables say for completion, in the words of three shells. Nothing in the tables has a
 * quote in it: tests/cli/completion.sh would fail. */

typedef void emit_function(FILE *out, const struct cli_verb *verb, const struct cli_option *option);

static void each_option(FILE *out, const struct cli_verb *verb, emit_function *emit)
{
	struct cli_option options[CLI_OPTIONS_MAX];
	size_t n = cli_options_of(verb, options);

	for (size_t i = 0; i < n; i++)
		if (!options[i].hidden)
			emit(out, verb, &options[i]);
}

/* "off|on|auto" or the columns, with spaces between. */
static void words(FILE *out, const struct cli_verb *verb, const struct cli_option *option)
{
	if (option->values)
		for (const char *c = option->values; *c; c++)
			fputc(*c == '|' ? ' ' : *c, out);
	else
		for (const struct cli_column *column = verb->columns; column->name; column++)
			if (column->get)
				fprintf(out, "%s%s", column == verb->columns ? "" : " ",
					column->name);
}

/* Each of CLI_COMPLETE_... that is to be offered, by its name, between two texts. */
static void kinds(FILE *out, unsigned complete, const char *before, const char *after)
{
	static const char *const names[] = {"files", "directories", "pools", "volumes", "verbs"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (complete & 1u << i)
			fprintf(out, "%s%s%s", before, names[i], after);
}

static bool takes_columns(const struct cli_verb *verb, const struct cli_option *option)
{
	return verb->columns && !strcmp(option->name, "output");
}

/* What a verb is called as (part of) a shell function: "pool_define". */
static void function_name(FILE *out, const char *name)
{
	for (; *name; name++)
		fputc(*name == ' ' || *name == '-' ? '_' : *name, out);
}

/* The first words of all verbs, or the second ones of a group. */
static void each_word(FILE *out, const struct cli_group *group,
		      void (*emit)(FILE *out, const char *word, const char *summary))
{
	for (size_t i = 0; cli_verbs[i]; i++) {
		const char *name = cli_verbs[i]->name;

		if (group ? cli_group_has(group, cli_verbs[i]) : !strchr(name, ' '))
			emit(out, group ? name + strlen(group->name) + 1 : name,
			     cli_verbs[i]->summary);
	}
	for (const struct cli_group *other = cli_groups; !group && other->name; other++)
		if (cli_group_find(other->name))
			emit(out, other->name, other->summary);
}

/* bash: one function that prints what stands under a key, see completion/cowctl.bash.in. */

static void bash_kinds(FILE *out, unsigned complete)
{
	kinds(out, complete, "", " ");
	if (!complete)
		fputs("nothing", out);
}

static void bash_word(FILE *out, const char *word, const char *summary)
{
	(void)summary;
	fprintf(out, "%s ", word);
}

static void bash_option(FILE *out, const struct cli_verb *verb, const struct cli_option *option)
{
	(void)verb;
	fprintf(out, "--%s%s ", option->name,
		cli_option_takes_argument(option) && !option->alone ? "=" : "");
}

static void bash_argument(FILE *out, const struct cli_verb *verb, const struct cli_option *option)
{
	if (!cli_option_takes_argument(option))
		return;
	fprintf(out, "\t'%s --%s='", verb->name, option->name);
	if (!option->alone)
		fprintf(out, " | '%s --%s'", verb->name, option->name);
	if (option->letter)
		fprintf(out, " | '%s -%c'", verb->name, option->letter);
	fputs(") echo '", out);
	if (option->values || takes_columns(verb, option)) {
		fputs(option->values ? "words " : "list ", out);
		words(out, verb, option);
	} else {
		bash_kinds(out, option->complete);
	}
	fputs("' ;;\n", out);
}

void document_bash(FILE *out)
{
	fputs("_cowctl_table()\n{\n\tcase $1 in\n\tverbs) echo '", out);
	each_word(out, NULL, bash_word);
	fputs("' ;;\n", out);
	for (const struct cli_group *group = cli_groups; group->name; group++) {
		if (!cli_group_find(group->name))
			continue;
		fprintf(out, "\t'verbs %s') echo '", group->name);
		each_word(out, group, bash_word);
		fputs("' ;;\n", out);
	}
	for (size_t i = 0; cli_verbs[i]; i++) {
		const struct cli_verb *verb = cli_verbs[i];

		fprintf(out, "\t'options %s') echo '", verb->name);
		each_option(out, verb, bash_option);
		fprintf(out, "' ;;\n\t'operands %s') echo '", verb->name);
		bash_kinds(out, verb->complete);
		fputs("' ;;\n", out);
		each_option(out, verb, bash_argument);
	}
	fputs("\tesac\n}\n", out);
}

/* zsh: a function of _arguments per verb, and one of _values per level of words. */

static void zsh_kinds(FILE *out, unsigned complete)
{
	/* With a space before it, no options of its own are put behind it. */
	fputs(complete ? " _cowctl_kinds" : " ", out);
	kinds(out, complete, " ", "");
}

static void zsh_word(FILE *out, const char *word, const char *summary)
{
	fprintf(out, "\t\t'%s:%s'\n", word, summary);
}

static void zsh_argument(FILE *out, const struct cli_verb *verb, const struct cli_option *option)
{
	if (option->values || takes_columns(verb, option)) {
		fputs(option->alone ? ":" : "", out);
		fputs(option->values ? ":value:(" : ":columns:_values -s , column ", out);
		words(out, verb, option);
		fputs(option->values ? ")" : "", out);
	} else {
		fprintf(out, ":%s:", option->argument);
		zsh_kinds(out, option->complete);
	}
}

static void zsh_option(FILE *out, const struct cli_verb *verb, const struct cli_option *option)
{
	bool argument = cli_option_takes_argument(option);

	fputs(" \\\n\t\t", out);
	if (option->letter)
		fprintf(out, "'(-%c --%s)'{-%c%s,--%s%s}", option->letter, option->name,
			option->letter, argument ? "+" : "", option->name, argument ? "=" : "");
	else
		fprintf(out, "--%s%s", option->name, option->alone ? "=-" : argument ? "=" : "");
	fprintf(out, "'[%s]", option->help);
	if (argument)
		zsh_argument(out, verb, option);
	fputc('\'', out);
}

static void zsh_verb(FILE *out, const struct cli_verb *verb)
{
	fputs("_cowctl_", out);
	function_name(out, verb->name);
	fputs("()\n{\n\t_arguments -s -S", out);
	each_option(out, verb, zsh_option);
	if (verb->operands_max) {
		fprintf(out, " \\\n\t\t'*:%s:", verb->operands);
		zsh_kinds(out, verb->complete);
		fputc('\'', out);
	}
	fputs("\n}\n\n", out);
}

static void zsh_words(FILE *out, const struct cli_group *group)
{
	fprintf(out, "_cowctl_%s%sverbs()\n{\n\tlocal -a verbs=(\n", group ? group->name : "",
		group ? "_" : "");
	each_word(out, group, zsh_word);
	fputs("\t)\n\t_describe verb verbs\n}\n\n", out);
}

void document_zsh(FILE *out)
{
	zsh_words(out, NULL);
	for (const struct cli_group *group = cli_groups; group->name; group++)
		if (cli_group_find(group->name))
			zsh_words(out, group);
	for (size_t i = 0; cli_verbs[i]; i++)
		zsh_verb(out, cli_verbs[i]);
}

/* fish: one complete command per word and option. */

static void fish_kinds(FILE *out, unsigned complete)
{
	unsigned others = complete & ~CLI_COMPLETE_FILE;

	fputs(complete & CLI_COMPLETE_FILE ? "-F" : "-f", out);
	/* Of several -a the last one is all that counts. */
	fputs(others ? " -a '" : "", out);
	kinds(out, others, "(__cowctl_", ") ");
	fputs(others ? "'" : "", out);
}

static void fish_option(FILE *out, const struct cli_verb *verb, const struct cli_option *option)
{
	fprintf(out, "complete -c cowctl -n '__cowctl_at %s' -l %s", verb->name, option->name);
	if (option->letter)
		fprintf(out, " -s %c", option->letter);
	fprintf(out, " -d '%s'", option->help);
	if (option->values || takes_columns(verb, option)) {
		fputs(option->alone ? " -f" : " -x", out);
		fputs(option->values ? " -a '" : " -a '(__fish_append , ", out);
		words(out, verb, option);
		fputs(option->values ? "'" : ")'", out);
	} else if (cli_option_takes_argument(option)) {
		fputs(" -r ", out);
		fish_kinds(out, option->complete);
	}
	fputc('\n', out);
}

static void fish_verb(FILE *out, const struct cli_verb *verb)
{
	const char *space = strchr(verb->name, ' ');

	if (space)
		fprintf(out, "complete -c cowctl -n '__cowctl_at %.*s' -f -a %s -d '%s'\n",
			(int)(space - verb->name), verb->name, space + 1, verb->summary);
	else
		fprintf(out, "complete -c cowctl -n '__cowctl_at' -f -a %s -d '%s'\n", verb->name,
			verb->summary);
	fprintf(out, "complete -c cowctl -n '__cowctl_at %s' ", verb->name);
	fish_kinds(out, verb->complete);
	fputc('\n', out);
	each_option(out, verb, fish_option);
}

void document_fish(FILE *out)
{
	fputs("function __cowctl_verbs\n    printf '%s\\n' ", out);
	each_word(out, NULL, bash_word);
	fputs("\nend\n\nfunction __cowctl_groups\n    printf '%s\\n' ", out);
	for (const struct cli_group *group = cli_groups; group->name; group++)
		fprintf(out, "%s ", group->name);
	fputs("\nend\n\n", out);
	for (const struct cli_group *group = cli_groups; group->name; group++)
		if (cli_group_find(group->name))
			fprintf(out, "complete -c cowctl -n '__cowctl_at' -f -a %s -d '%s'\n",
				group->name, group->summary);
	for (size_t i = 0; cli_verbs[i]; i++)
		fish_verb(out, cli_verbs[i]);
}
