/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A simple table as libsmartcols prints it, and sooner: for 10,000 volumes it asks the locale a
 * million times how wide a character is, which takes longer than looking at the volumes. A byte of
 * ASCII takes one column; what goes to no terminal has no width to keep to. */
#include <libsmartcols.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static const char *text_in(struct libscols_line *line, size_t column)
{
	const char *text = scols_cell_get_data(scols_line_get_cell(line, column));

	return text ? text : "";
}

/* Widens the column for a text. @return whether that is ASCII */
static bool measure(int *width, const char *text)
{
	int length = 0;

	while (text[length] >= ' ' && text[length] <= '~')
		length++;
	*width = length > *width ? length : *width;
	return !text[length];
}

static bool measure_all(struct libscols_table *table, struct libscols_iter *lines, int *widths)
{
	size_t n = scols_table_get_ncols(table);
	struct libscols_line *line;

	for (size_t i = 0; i < n; i++)
		measure(&widths[i], scols_column_get_name(scols_table_get_column(table, i)));
	while (!scols_table_next_line(table, lines, &line))
		for (size_t i = 0; i < n; i++)
			if (!measure(&widths[i], text_in(line, i)))
				return false;
	/* As printf() takes them: what is aligned left has a negative one, or none at the end. */
	for (size_t i = 0; i < n; i++)
		if (!scols_column_is_right(scols_table_get_column(table, i)))
			widths[i] = i + 1 < n ? -widths[i] : 0;
	return true;
}

static void print(struct libscols_table *table, struct libscols_iter *lines, const int *widths,
		  FILE *out)
{
	size_t n = scols_table_get_ncols(table);
	struct libscols_line *line;

	for (size_t i = 0; i < n && !scols_table_is_noheadings(table); i++)
		fprintf(out, "%*s%c", widths[i],
			scols_column_get_name(scols_table_get_column(table, i)),
			i + 1 < n ? ' ' : '\n');
	scols_reset_iter(lines, SCOLS_ITER_FORWARD);
	while (!scols_table_next_line(table, lines, &line))
		for (size_t i = 0; i < n; i++)
			fprintf(out, "%*s%c", widths[i], text_in(line, i), i + 1 < n ? ' ' : '\n');
}

bool cli_plain_print(struct libscols_table *table, FILE *out)
{
	struct libscols_iter *lines;
	int *widths;
	bool simple;

	if (isatty(STDOUT_FILENO) || scols_table_is_tree(table))
		return false;
	lines = scols_new_iter(SCOLS_ITER_FORWARD);
	widths = cli_allocate(scols_table_get_ncols(table) * sizeof(*widths));
	simple = lines && measure_all(table, lines, widths);
	if (simple)
		print(table, lines, widths, out);
	free(widths);
	scols_free_iter(lines);
	return simple;
}
