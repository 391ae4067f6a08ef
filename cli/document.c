/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "document.h"
#include "output.h"
#include "verbs.h"

/* scdoc takes these for markup. */
static void escaped(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("\\*_<>#", *text))
			fputc('\\', out);
		fputc(*text, out);
	}
}

static void scdoc_option(FILE *out, const struct cli_option *option)
{
	const char *argument = cli_option_argument(option);

	if (option->letter)
		fprintf(out, "*-%c*, ", option->letter);
	fprintf(out, "*--%s*", option->name);
	if (argument) {
		fputs(option->alone ? "[=" : option->argument ? " _" : " ", out);
		escaped(out, argument);
		fputs(option->alone ? "]" : option->argument ? "_" : "", out);
	}
	fputs("\n\t", out);
	escaped(out, option->help);
	fputs("\n\n", out);
}

void document_scdoc_verbs(FILE *out)
{
	for (size_t i = 0; cli_verbs[i]; i++) {
		const char *name = cli_verbs[i]->name;

		fprintf(out, "*cowctl %s* ", name);
		escaped(out, cli_verbs[i]->operands);
		fputs("\n\t", out);
		escaped(out, cli_verbs[i]->summary);
		if (cli_verbs[i] != &cli_verb_help)
			fprintf(out, "; see *cowctl-%.*s*(8)", (int)strcspn(name, " "), name);
		fputs("\n\n", out);
	}
}

void document_scdoc(const struct cli_verb *verb, FILE *out)
{
	struct cli_option options[CLI_OPTIONS_MAX];
	size_t n = cli_options_of(verb, options);

	for (size_t i = 0; i < n; i++)
		if (!options[i].hidden)
			scdoc_option(out, &options[i]);
	if (!verb->columns)
		return;
	fputs("Columns for *--output*, and their keys in JSON:\n\n", out);
	for (const struct cli_column *column = verb->columns; column->name; column++) {
		if (!column->get)
			continue;
		fprintf(out, "*%s*", column->name);
		if (column->key) {
			fputs(", ", out);
			escaped(out, column->key);
		}
		fputs("\n\t", out);
		escaped(out, column->help);
		if (column->flags & CLI_COLUMN_HIDDEN)
			fputs(" (not shown unless asked for)", out);
		fputs("\n\n", out);
	}
}
