/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "cli.h"
#include "verbs.h"

CLI_DEFINE_CLEANUP(probe, struct cow_probe *, cow_probe_free)

static const struct cli_option options[] = {
	{"no-measure", 0, NULL, NULL, "write nothing at all, not even an unnamed file", 0, false},
	{"named", 0, NULL, NULL, "measure with a named file where it must be", 0, false},
	{NULL},
};

/* The top layer as it was found by trying, where it was tried: that beats what it reports. */
static struct cow_layer top_layer(const struct cow_probe *probe)
{
	struct cow_layer top = *cow_stack_top(probe->stack);

	if (probe->own_evidence == COW_EVIDENCE_MEASURED) {
		top.overwrite = probe->own_overwrite;
		top.evidence = probe->own_evidence;
		top.cow_switch = probe->cow_switch;
	}
	return top;
}

/* --- text ------------------------------------------------------------------------------------- */

/* A layer as a row. */
struct row {
	const struct cow_layer *layer;
	const char *why;    /* its reason, and what matters most of the details */
	const char *detail; /* all of them */
};

CLI_GETTER(get_type, struct row, cli_text(item->layer->type))
CLI_GETTER(get_name, struct row, cli_path(item->layer->name))
CLI_GETTER(get_overwrite, struct row, cli_text(cow_overwrite_name(item->layer->overwrite)))
CLI_GETTER(get_switch, struct row, cli_text(cow_switch_name(item->layer->cow_switch)))
CLI_GETTER(get_evidence, struct row, cli_text(cow_evidence_name(item->layer->evidence)))
CLI_GETTER(get_why, struct row, cli_path(item->why))
CLI_GETTER(get_detail, struct row, cli_path(item->detail))

static const struct cli_column columns[] = {
	{"LAYER", "kind of filesystem or device", "type", 0, CLI_COLUMN_TREE, get_type},
	{"NAME", "mount point or device", "name", 0, 0, get_name},
	{"OVERWRITE", "what it does to an overwrite", "overwrite", 0, 0, get_overwrite},
	{"EVIDENCE", "how that is known", "evidence", 0, 0, get_evidence},
	{"SWITCH", "what could switch copying off", "switch", 0, CLI_COLUMN_HIDDEN, get_switch},
	{"WHY", "the reason", "reason", 0.3, CLI_COLUMN_WRAP, get_why},
	{"DETAIL", "all that is known about the layer", "detail", 0.3,
	 CLI_COLUMN_WRAP | CLI_COLUMN_HIDDEN, get_detail},
	{NULL},
};

static void write_detail(FILE *out, const struct cow_detail *detail)
{
	fprintf(out, "%s=", detail->key);
	switch (detail->kind) {
	case COW_DETAIL_TEXT:
		fputs(detail->text, out);
		break;
	case COW_DETAIL_NUMBER:
		fprintf(out, "%ju", (uintmax_t)detail->number);
		break;
	case COW_DETAIL_BOOL:
		fputs(detail->number ? "yes" : "no", out);
		break;
	case COW_DETAIL_UNKNOWN:
		fputs("unknown", out);
		break;
	}
}

static char *detail_text(const struct cow_layer *layer)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (const struct cow_detail *d = layer->details; out && d; d = d->next) {
		write_detail(out, d);
		fputs(d->next ? " " : "", out);
	}
	if (!out || fclose(out) != 0)
		return cli_copy("");
	return text;
}

/* The reason with the detail that tells most about this kind of layer. */
static char *why_text(const struct cow_layer *layer)
{
	static const struct {
		const char *key, *words;
	} telling[] = {
		{"data_profile", "data profile"},
		{"backing_file", "file"},
		{"upperdir", "directory"},
	};

	for (size_t i = 0; i < sizeof(telling) / sizeof(telling[0]); i++) {
		const char *text = cow_layer_detail_text(layer, telling[i].key);

		if (text)
			return cli_format("%s; %s %s", layer->reason, telling[i].words, text);
	}
	return cli_copy(layer->reason);
}

static void add_rows(struct cli_table *table, const struct cli_row *parent,
		     const struct cow_layer *layer)
{
	for (; layer; layer = layer->next) {
		char *why CLI_CLEANUP(text) = why_text(layer);
		char *detail CLI_CLEANUP(text) = detail_text(layer);
		struct row item = {layer, why, detail};
		struct cli_row row = cli_table_add(table, parent, &item);

		add_rows(table, &row, layer->below);
	}
}

static void write_name(FILE *out, const char *name)
{
	char *text CLI_CLEANUP(text) = cli_escape(name);

	fputs(text, out);
}

static void write_verdict(FILE *out, const struct cow_probe *probe)
{
	write_name(out, probe->path);
	if (!probe->exists) {
		fputs(" does not exist; probed: ", out);
		write_name(out, probe->probed);
	}
	fprintf(out, "\n  overwrite  %s (%s)\n", cow_overwrite_name(probe->overwrite),
		probe->overwrite ? cow_evidence_name(probe->evidence) : "no evidence");
	fprintf(out, "  because    ");
	write_name(out, probe->reason);
	fprintf(out, "\n  switch     %s\n  new files  %s", cow_switch_name(probe->cow_switch),
		cow_overwrite_name(probe->new_files_overwrite));
	if (probe->new_files_nocow == COW_ANSWER_YES)
		fputs(", born with NOCOW", out);
	fputc('\n', out);
	if (probe->remedy) {
		fputs("  remedy     ", out);
		write_name(out, probe->remedy);
		fputc('\n', out);
	}
}

static void write_text(struct cli_call *call, const struct cow_probe *probe, bool first)
{
	struct cli_table *table = cli_table_new(call, NULL);
	struct cow_layer top = top_layer(probe);

	/* Who chose the columns wants these and nothing else. */
	if (!cli_given(call, "output") && !cli_given(call, "noheadings")) {
		fputs(first ? "" : "\n", call->out);
		write_verdict(call->out, probe);
		fputc('\n', call->out);
	}
	add_rows(table, NULL, &top);
	cli_table_end(table);
}

/* --- JSON ------------------------------------------------------------------------------------- */

static json_t *detail_json(const struct cow_layer *layer)
{
	json_t *object = json_object();

	for (const struct cow_detail *d = layer->details; d; d = d->next) {
		struct cli_value value = cli_unknown();

		if (d->kind == COW_DETAIL_TEXT)
			value = cli_path(d->text);
		else if (d->kind == COW_DETAIL_NUMBER)
			value = cli_number(d->number);
		else if (d->kind == COW_DETAIL_BOOL)
			value = cli_bool(d->number);
		cli_json_value(object, d->key, value);
	}
	return object;
}

static json_t *layer_json(const struct cow_layer *layer)
{
	json_t *object = json_object();

	json_object_set_new(object, "type", json_string(layer->type));
	cli_json_path(object, "name", layer->name);
	cli_json_value(object, "overwrite", cli_text(cow_overwrite_name(layer->overwrite)));
	cli_json_value(object, "switch", cli_text(cow_switch_name(layer->cow_switch)));
	cli_json_value(object, "evidence", cli_text(cow_evidence_name(layer->evidence)));
	json_object_set_new(object, "reason", cli_json_text(layer->reason));
	json_object_set_new(object, "detail", detail_json(layer));
	return object;
}

/* From the top down. Several side by side nest: "layers" inside a layer is what is right below. */
static json_t *layers_json(const struct cow_layer *layer)
{
	json_t *array = json_array();
	bool fork = layer->next;

	while (layer) {
		json_t *object = layer_json(layer);
		const struct cow_layer *below = layer->below;
		bool nest = below && (fork || below->next);

		json_array_append_new(array, object);
		if (nest)
			json_object_set_new(object, "layers", layers_json(below));
		layer = fork ? layer->next : nest ? NULL : below;
	}
	return array;
}

static json_t *new_files_json(const struct cow_probe *probe)
{
	json_t *object = json_object();

	cli_json_value(object, "overwrite",
		       cli_text(cow_overwrite_name(probe->new_files_overwrite)));
	cli_json_value(object, "nocow", cli_answer(probe->new_files_nocow));
	return object;
}

static json_t *probe_json(const struct cow_probe *probe)
{
	json_t *object = json_object();
	struct cow_layer top = top_layer(probe);

	cli_json_path(object, "path", probe->path);
	cli_json_path(object, "probed", probe->probed);
	json_object_set_new(object, "exists", json_boolean(probe->exists));
	cli_json_value(object, "overwrite", cli_text(cow_overwrite_name(probe->overwrite)));
	cli_json_value(object, "switch", cli_text(cow_switch_name(probe->cow_switch)));
	cli_json_value(object, "evidence", cli_text(cow_evidence_name(probe->evidence)));
	json_object_set_new(object, "reason", cli_json_text(probe->reason));
	cli_json_value(object, "nocow", cli_answer(probe->nocow));
	json_object_set_new(object, "new_files", new_files_json(probe));
	json_object_set_new(object, "remedy", cli_json_text(probe->remedy));
	json_object_set_new(object, "layers", layers_json(&top));
	return object;
}

/* A path that could not be looked at stays in the list: nobody may count it as answered. */
static json_t *failure_json(const char *path, const struct cow_error *err)
{
	static const char *const unknown[] = {"overwrite", "switch"};
	json_t *object = json_object();

	cli_json_path(object, "path", path);
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		json_object_set_new(object, unknown[i], json_string("unknown"));
	cli_json_value(object, "evidence", cli_text(cow_evidence_name(COW_EVIDENCE_NONE)));
	json_object_set_new(object, "new_files", json_null());
	json_object_set_new(object, "remedy", json_null());
	json_object_set_new(object, "layers", json_array());
	json_object_set_new(object, "error", cli_json_error(err));
	return object;
}

/* --- the verb --------------------------------------------------------------------------------- */

static void probe_one(struct cli_call *call, const char *path, json_t *paths, bool first)
{
	unsigned flags = cli_flag(call, "no-measure", COW_PROBE_NO_MEASURE) |
			 cli_flag(call, "named", COW_PROBE_NAMED);
	struct cow_probe *probe CLI_CLEANUP(probe) = NULL;
	struct cow_error err = {0};

	if (cow_probe_new(path, flags, &probe, &err) < 0) {
		if (paths)
			json_array_append_new(paths, failure_json(path, &err));
		cli_error(call, &err);
		return;
	}
	cli_status(call, probe->overwrite ? CLI_EXIT_CLEAN : CLI_EXIT_FAILED);
	if (paths)
		json_array_append_new(paths, probe_json(probe));
	else
		write_text(call, probe, first);
}

static int run(struct cli_call *call)
{
	static char here[] = ".", *const nothing[] = {here, NULL};
	char *const *path = call->n_operands ? call->operands : nothing;
	json_t *paths = NULL;

	if (call->json) {
		paths = json_array();
		json_object_set_new(call->json, "paths", paths);
	}
	for (size_t i = 0; path[i]; i++)
		probe_one(call, path[i], paths, i == 0);
	return call->status;
}

const struct cli_verb cli_verb_probe = {
	.name = "probe",
	.operands = "[PATH...]",
	.operands_max = -1,
	.complete = CLI_COMPLETE_FILE,
	.summary = "tell what an overwrite does under a path",
	.with = CLI_WITH_TABLE,
	.options = options,
	.columns = columns,
	.run = run,
};
