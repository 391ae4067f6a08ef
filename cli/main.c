/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <locale.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "verbs.h"

/* A closed standard descriptor would be given to the next file we open. Fill the gaps so that
 * using them still fails: write-only for input, read-only for output. */
static void fill_standard_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)!open("/dev/null", fd ? O_RDONLY : O_WRONLY);
}

/* Once: nothing is to be looked at in the middle of running out. */
static void *json_allocate(size_t size)
{
	return cli_allocate(size);
}

static void begin(struct cli_call *call)
{
	call->out = open_memstream(&call->text, &call->text_size);
	if (!call->out)
		exit(CLI_EXIT_FAILED);
	for (size_t i = 0; i < call->n_options; i++)
		if (!strcmp(call->options[i].name, "json") && call->values[i])
			call->json = json_object();
	if (call->json) {
		json_t *head = json_object();

		json_object_set_new(call->json, "cowctl", head);
		json_object_set_new(head, "schema", json_integer(1));
		json_object_set_new(head, "version", json_string(cow_version()));
	}
}

static int end(struct cli_call *call)
{
	int status;

	cli_progress_clear(call);
	if (cli_interrupted()) {
		fputs("cowctl: interrupted\n", stderr);
		cli_status(call, CLI_EXIT_FAILED);
	}
	status = cli_output_finish(call);
	json_decref(call->json);
	free(call->text);
	free(call->pending);
	free(call->progress);
	return status;
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	struct cli_call call = {.verb = verb};
	int result = cli_options_parse(&call, argc, argv);

	if (result)
		return result;
	begin(&call);
	if (cli_given(&call, "help"))
		cli_options_help(verb, call.out);
	else
		cli_status(&call, verb->run(&call));
	return end(&call);
}

/* A call that gets no further than its first words. `group` has the name in front, or is NULL. */
static int refuse(const struct cli_group *group, const char *problem)
{
	const char *space = group ? " " : "", *name = group ? group->name : "";

	fprintf(stderr, "cowctl%s%s: %s\nTry 'cowctl help%s%s'.\n", space, name, problem, space,
		name);
	return CLI_EXIT_USAGE;
}

static int unknown_verb(char **words)
{
	const struct cli_group *group = cli_group_find(words[0]);
	const char *word = words[group ? 1 : 0];
	char problem[CLI_QUOTE_MAX + 64];

	if (!word)
		return refuse(group, "which verb?");
	snprintf(problem, sizeof(problem), "%s %s",
		 *word == '-' ? "unrecognized option" : "unknown verb", CLI_QUOTE(word));
	return refuse(group, problem);
}

static bool is(const char *word, const char *letter, const char *name)
{
	return word && (!strcmp(word, letter) || !strcmp(word, name));
}

int main(int argc, char **argv)
{
	const struct cli_verb *verb;
	int words = 1;

	fill_standard_descriptors();
	/* Else each thread that looks at images keeps memory of its own: a fifth of a list's. */
	mallopt(M_ARENA_MAX, 2);
	/* Only what a character is. Output isn't translated, so neither are its numbers. */
	setlocale(LC_CTYPE, "");
	/* a closed pipe and a limit are errors of write(2), with a message */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	json_set_alloc_funcs(json_allocate, free);

	if (argc < 2)
		return refuse(NULL, "which verb?");
	verb = cli_verb_find(argv + 1, &words);
	if (verb)
		return run(verb, argc - words, argv + words);
	if (is(argv[1], "-V", "--version"))
		return run(&cli_verb_help, argc, argv);
	if (is(argv[1], "-h", "--help"))
		return run(&cli_verb_help, 1, argv);
	if (cli_group_find(argv[1]) && is(argv[2], "-h", "--help")) {
		argv[2] = NULL;
		return run(&cli_verb_help, 2, argv);
	}
	return unknown_verb(argv + 1);
}
