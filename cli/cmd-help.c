/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "cli.h"
#include "document.h"
#include "verbs.h"

static const struct cli_option options[] = {
	{"version", 'V', NULL, NULL, "show the version", 0, false},
	{"format", 0, NULL, "verbs|scdoc|bash|zsh|fish", "for the build", 0, true},
	{NULL},
};

static void overview_line(FILE *out, const char *name, const char *more, const char *summary)
{
	char left[40];

	snprintf(left, sizeof(left), "%s%s", name, more);
	fprintf(out, "  %-12s %s\n", left, summary);
}

static void help_overview(FILE *out)
{
	fputs("Usage: cowctl VERB [OPTION...] [OPERAND...]\n"
	      "storage for VM images with copy-on-write under control\n\nVerbs:\n",
	      out);
	for (size_t i = 0; cli_verbs[i]; i++)
		if (!strchr(cli_verbs[i]->name, ' '))
			overview_line(out, cli_verbs[i]->name, "", cli_verbs[i]->summary);
	for (const struct cli_group *group = cli_groups; group->name; group++)
		if (cli_group_find(group->name))
			overview_line(out, group->name, " VERB", group->summary);
	fputs("\nOptions:\n  -h, --help     show this help\n  -V, --version  show the version\n"
	      "\n'cowctl help VERB' has more, and so has the manual, cowctl(8).\n",
	      out);
}

static void help_group(const struct cli_group *group, FILE *out)
{
	fprintf(out, "Usage: cowctl %s VERB [OPTION...] [OPERAND...]\n%s\n\nVerbs:\n", group->name,
		group->summary);
	for (size_t i = 0; cli_verbs[i]; i++)
		if (cli_group_has(group, cli_verbs[i]))
			overview_line(out, cli_verbs[i]->name + strlen(group->name) + 1, "",
				      cli_verbs[i]->summary);
	fprintf(out, "\n'cowctl help %s VERB' has more.\n", group->name);
}

/* Documentation in another format, for the build: of one verb, or of all. */
static int document(struct cli_call *call, const char *format, const struct cli_verb *verb)
{
	if (!strcmp(format, "verbs"))
		for (size_t i = 0; cli_verbs[i]; i++)
			fprintf(call->out, "%s\n", cli_verbs[i]->name);
	else if (!strcmp(format, "bash"))
		document_bash(call->out);
	else if (!strcmp(format, "zsh"))
		document_zsh(call->out);
	else if (!strcmp(format, "fish"))
		document_fish(call->out);
	else if (verb)
		document_scdoc(verb, call->out);
	else
		document_scdoc_verbs(call->out);
	return CLI_EXIT_CLEAN;
}

static int run(struct cli_call *call)
{
	const char *format = cli_value(call, "format");
	const struct cli_verb *verb = NULL;
	const struct cli_group *group = NULL;
	int words = 0;

	if (call->n_operands) {
		verb = cli_verb_find(call->operands, &words);
		group = cli_group_find(call->operands[0]);
		words = verb ? words : 1;
		if ((!verb && !group) || call->operands[words])
			return cli_usage(call, "unknown verb %s",
					 CLI_QUOTE(call->operands[verb || group ? words : 0]));
	}
	if (format)
		return document(call, format, verb);
	if (cli_given(call, "version"))
		fprintf(call->out, "cowctl %s\n", cow_version());
	else if (verb)
		cli_options_help(verb, call->out);
	else if (group)
		help_group(group, call->out);
	else
		help_overview(call->out);
	return CLI_EXIT_CLEAN;
}

const struct cli_verb cli_verb_help = {
	.name = "help",
	.operands = "[VERB]",
	.operands_max = -1,
	.complete = CLI_COMPLETE_VERB,
	.summary = "explain the command, or one verb",
	.options = options,
	.run = run,
};
