/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ctype.h>
#include <errno.h>
#include <libsmartcols.h>
#include <string.h>

#include "cli.h"

struct cli_table {
	struct cli_call *call;
	json_t *row;                     /* JSON: the one that still grows, or NULL */
	struct libscols_table *scols;    /* text */
	const struct cli_column **shown; /* columns in the order they are shown */
	size_t n_shown;
	bool bytes;
};

static const struct cli_column *find(const struct cli_column *columns, const char *name,
				     size_t length)
{
	for (; columns->name; columns++)
		if (columns->get && strlen(columns->name) == length &&
		    !strncasecmp(columns->name, name, length))
			return columns;
	return NULL;
}

int cli_table_check(struct cli_call *call)
{
	const char *list = call->verb->columns ? cli_value(call, "output") : NULL;

	while (list) {
		size_t length = strcspn(list, ",");

		if (!find(call->verb->columns, list, length)) {
			char *name CLI_CLEANUP(text) = cli_format("%.*s", (int)length, list);

			return cli_usage(call, "there is no column %s", CLI_QUOTE(name));
		}
		list = list[length] ? list + length + 1 : NULL;
	}
	return 0;
}

/* Columns named by --output, or all that are not hidden. */
static void choose(struct cli_table *table)
{
	const struct cli_column *columns = table->call->verb->columns;
	const char *list = cli_value(table->call, "output");

	for (const struct cli_column *column = columns; !list && column->name; column++)
		if (column->get && !(column->flags & CLI_COLUMN_HIDDEN))
			table->shown[table->n_shown++] = column;
	while (list) {
		size_t length = strcspn(list, ",");

		table->shown[table->n_shown++] = find(columns, list, length);
		list = list[length] ? list + length + 1 : NULL;
	}
}

/* How much room --output can need: each comma may begin one more. */
static size_t count(const struct cli_call *call)
{
	const char *list = cli_value(call, "output");
	size_t n = 1;

	for (const struct cli_column *column = call->verb->columns; column->name; column++)
		n++;
	for (; list && *list; list++)
		n += *list == ',';
	return n;
}

static void build(struct cli_table *table)
{
	table->scols = scols_new_table();
	if (!table->scols)
		return;
	/* Names come escaped already, once and in our own way. */
	scols_table_enable_noencoding(table->scols, true);
	scols_table_enable_noheadings(table->scols, cli_given(table->call, "noheadings"));
	scols_table_enable_ascii(table->scols, !cli_output_is_fancy());
	for (size_t i = 0; i < table->n_shown; i++) {
		const struct cli_column *column = table->shown[i];
		int flags = 0;

		flags |= column->flags & CLI_COLUMN_RIGHT ? SCOLS_FL_RIGHT : 0;
		flags |= column->flags & CLI_COLUMN_TREE ? SCOLS_FL_TREE : 0;
		flags |= column->flags & CLI_COLUMN_WRAP ? SCOLS_FL_WRAP : 0;
		scols_table_new_column(table->scols, column->name, column->width, flags);
	}
}

struct cli_table *cli_table_new(struct cli_call *call, const char *key)
{
	struct cli_table *table = cli_allocate(sizeof(*table));

	table->call = call;
	table->bytes = call->verb->with & CLI_WITH_BYTES && cli_given(call, "bytes");
	table->shown = cli_allocate(count(call) * sizeof(table->shown[0]));
	choose(table);
	if (call->json) {
		json_object_set_new(call->json, key, json_array());
		call->rows_key = key;
	} else {
		build(table);
	}
	return table;
}

/* JSON has all of them. */
bool cli_table_looks(const struct cli_table *table)
{
	for (size_t i = 0; i < table->n_shown; i++)
		if (table->shown[i]->flags & CLI_COLUMN_LOOKS)
			return true;
	return table->call->json;
}

static void close_row(struct cli_table *table)
{
	if (table->row)
		cli_output_row(table->call, table->row);
	table->row = NULL;
}

/* A value as it stands in a cell, exact with `bytes`; free it. */
static char *text_of(struct cli_value value, bool bytes)
{
	switch (value.kind) {
	case CLI_KIND_NONE:
		return cli_copy("-");
	case CLI_KIND_TEXT:
	case CLI_KIND_PATH:
		return cli_escape(value.text);
	case CLI_KIND_BYTES:
		if (!bytes)
			return cli_copy(CLI_SIZE(value.number));
		return cli_format("%ju", (uintmax_t)value.number);
	case CLI_KIND_NUMBER:
		return cli_format("%ju", (uintmax_t)value.number);
	case CLI_KIND_REAL:
		return cli_format("%.2f", value.real);
	case CLI_KIND_BOOL:
		return cli_copy(value.number ? "yes" : "no");
	case CLI_KIND_UNKNOWN:
		break;
	}
	return cli_copy("unknown");
}

static void show_value(FILE *out, const struct cli_column *column, const void *item, bool bytes)
{
	char *text CLI_CLEANUP(text) = text_of(column->get(item), bytes);
	char *label CLI_CLEANUP(text) = cli_format("%s:", column->name);

	for (char *p = label + 1; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	fprintf(out, "%-12s %s\n", label, text);
}

void cli_show(struct cli_call *call, const struct cli_column *columns, const void *item)
{
	for (; columns->name; columns++)
		show_value(call->out, columns, item, cli_given(call, "bytes"));
}

static json_t *add_object(struct cli_table *table, const struct cli_row *parent)
{
	json_t *object = json_object(), *children;

	if (!parent || !parent->object) {
		close_row(table);
		table->row = object;
		return object;
	}
	children = json_object_get(parent->object, "children");
	if (!children) {
		children = json_array();
		json_object_set_new(parent->object, "children", children);
	}
	json_array_append_new(children, object);
	return object;
}

struct cli_row cli_table_add(struct cli_table *table, const struct cli_row *parent,
			     const void *item)
{
	struct cli_row row = {.table = table};

	if (table->call->json) {
		row.object = add_object(table, parent);
		cli_json_columns(row.object, table->call->verb->columns, item);
		return row;
	}
	row.line = scols_table_new_line(table->scols, parent ? parent->line : NULL);
	for (size_t i = 0; row.line && i < table->n_shown; i++)
		scols_line_refer_data(row.line, i,
				      text_of(table->shown[i]->get(item), table->bytes));
	return row;
}

void cli_table_end(struct cli_table *table)
{
	if (table->scols && scols_table_get_nlines(table->scols) &&
	    !cli_plain_print(table->scols, table->call->out)) {
		scols_table_set_stream(table->scols, table->call->out);
		scols_print_table(table->scols);
	}
	scols_unref_table(table->scols);
	close_row(table);
	free(table->shown);
	free(table);
}
