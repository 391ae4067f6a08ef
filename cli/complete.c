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

static const char *const bash_kinds[] = {
	[CLI_COMPLETE_NOTHING] = "nothing",          [CLI_COMPLETE_FILE] = "files",
	[CLI_COMPLETE_DIRECTORY] = "directories",    [CLI_COMPLETE_POOL] = "pools",
	[CLI_COMPLETE_FILE_OR_POOL] = "files pools", [CLI_COMPLETE_VERB] = "verbs",
};

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
		fputs(bash_kinds[option->complete], out);
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
		fprintf(out, "' ;;\n\t'operands %s') echo '%s' ;;\n", verb->name,
			bash_kinds[verb->complete]);
		each_option(out, verb, bash_argument);
	}
	fputs("\tesac\n}\n", out);
}

/* zsh: a function of _arguments per verb, and one of _values per level of words. */

static const char *const zsh_kinds[] = {
	[CLI_COMPLETE_NOTHING] = " ",
	[CLI_COMPLETE_FILE] = "_files",
	[CLI_COMPLETE_DIRECTORY] = "_files -/",
	[CLI_COMPLETE_POOL] = "_cowctl_pools",
	[CLI_COMPLETE_FILE_OR_POOL] = "_cowctl_files_or_pools",
	[CLI_COMPLETE_VERB] = "_cowctl_verbs",
};

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
		fprintf(out, ":%s:%s", option->argument, zsh_kinds[option->complete]);
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
	if (verb->operands_max)
		fprintf(out, " \\\n\t\t'*:%s:%s'", verb->operands, zsh_kinds[verb->complete]);
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

static const char *const fish_kinds[] = {
	[CLI_COMPLETE_NOTHING] = "-f",
	[CLI_COMPLETE_FILE] = "-F",
	[CLI_COMPLETE_DIRECTORY] = "-f -a '(__fish_complete_directories)'",
	[CLI_COMPLETE_POOL] = "-f -a '(__cowctl_pools)'",
	[CLI_COMPLETE_FILE_OR_POOL] = "-F -a '(__cowctl_pools)'",
	[CLI_COMPLETE_VERB] = "-f -a '(__cowctl_verbs)'",
};

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
		fprintf(out, " -r %s", fish_kinds[option->complete]);
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
	fprintf(out, "complete -c cowctl -n '__cowctl_at %s' %s\n", verb->name,
		fish_kinds[verb->complete]);
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
