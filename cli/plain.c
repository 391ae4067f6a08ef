/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A simple table as libsmartcols prints it, and sooner: for 10,000 volumes it asks the locale a
 * million times how wide a character is, which takes longer than looking at the volumes. A byte of
 * ASCII takes one column; what goes to no terminal has no width to keep to. */
#include <libsmartcols.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

struct plain {
	struct libscols_table *table;
	struct libscols_iter *lines;
	size_t n;
	struct plain_column {
		const char *name;
		size_t at, width;
		bool right;
	} * columns;
	char *row; /* cells in their places, spaces around them */
	size_t size;
};

static bool next_line(const struct plain *plain, struct libscols_line **ret)
{
	return scols_table_next_line(plain->table, plain->lines, ret) == 0;
}

static const char *text_in(struct libscols_line *line, size_t column)
{
	const char *text = scols_cell_get_data(scols_line_get_cell(line, column));

	return text ? text : "";
}

/* Widens the column for a text. @return whether that is ASCII */
static bool fit(struct plain_column *column, const char *text)
{
	size_t length = 0;

	while (text[length] >= ' ' && text[length] <= '~')
		length++;
	column->width = length > column->width ? length : column->width;
	return !text[length];
}

static bool measure(struct plain *plain)
{
	struct libscols_line *line;
	size_t i;

	for (i = 0; i < plain->n; i++) {
		struct libscols_column *column = scols_table_get_column(plain->table, i);

		plain->columns[i].name = scols_column_get_name(column);
		plain->columns[i].right = scols_column_is_right(column);
		fit(&plain->columns[i], plain->columns[i].name);
	}
	while (next_line(plain, &line))
		for (i = 0; i < plain->n; i++)
			if (!fit(&plain->columns[i], text_in(line, i)))
				return false;
	for (i = 0; i < plain->n; i++) {
		plain->columns[i].at = plain->size;
		plain->size += plain->columns[i].width + 1;
	}
	return true;
}

static void put(struct plain *plain, size_t i, const char *text, FILE *out)
{
	const struct plain_column *column = &plain->columns[i];
	size_t length = strlen(text);
	char *to = plain->row + column->at + (column->right ? column->width - length : 0);

	if (i == 0)
		memset(plain->row, ' ', plain->size);
	to = mempcpy(to, text, length);
	if (i + 1 < plain->n)
		return;
	*to++ = '\n';
	fwrite(plain->row, 1, (size_t)(to - plain->row), out);
}

static void print(struct plain *plain, FILE *out)
{
	struct libscols_line *line;

	plain->row = cli_allocate(plain->size);
	for (size_t i = 0; i < plain->n && !scols_table_is_noheadings(plain->table); i++)
		put(plain, i, plain->columns[i].name, out);
	scols_reset_iter(plain->lines, SCOLS_ITER_FORWARD);
	while (next_line(plain, &line))
		for (size_t i = 0; i < plain->n; i++)
			put(plain, i, text_in(line, i), out);
	free(plain->row);
}

bool cli_plain_print(struct libscols_table *table, FILE *out)
{
	struct plain plain = {.table = table, .n = scols_table_get_ncols(table)};
	bool simple;

	if (isatty(STDOUT_FILENO) || scols_table_is_tree(table))
		return false;
	plain.columns = cli_allocate(plain.n * sizeof(plain.columns[0]));
	plain.lines = scols_new_iter(SCOLS_ITER_FORWARD);
	simple = plain.lines && measure(&plain);
	if (simple)
		print(&plain, out);
	scols_free_iter(plain.lines);
	free(plain.columns);
	return simple;
}
