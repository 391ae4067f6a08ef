/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <cow/error.h>
#include <cow/types.h>

struct cli_call;

/* How all JSON is written. */
#define CLI_JSON_FLAGS (JSON_INDENT(3) | JSON_REAL_PRECISION(9))

/* One value, before it is known whether it becomes text or JSON. */
enum cli_kind {
	CLI_KIND_UNKNOWN = 0, /* could not be known: "unknown", null */
	CLI_KIND_NONE,        /* known not to be there: "-", null */
	CLI_KIND_TEXT,
	CLI_KIND_PATH,   /* any bytes: escaped in text; in JSON lossy beside NAME_bytes */
	CLI_KIND_BYTES,  /* "1.5G" or exact with --bytes; an integer */
	CLI_KIND_NUMBER, /* an integer */
	CLI_KIND_REAL,   /* two decimals in text */
	CLI_KIND_BOOL,   /* "yes", "no"; true, false */
};

struct cli_value {
	enum cli_kind kind;
	const char *text; /* borrowed from the item */
	uint64_t number;
	double real;
};

/* text and path: NULL is CLI_KIND_NONE */
struct cli_value cli_text(const char *text);
struct cli_value cli_path(const char *path);
struct cli_value cli_bytes(uint64_t bytes);
struct cli_value cli_number(uint64_t number);
struct cli_value cli_real(double real);
struct cli_value cli_bool(bool value);
struct cli_value cli_answer(enum cow_answer answer);
struct cli_value cli_unknown(void);

/* CLI_GETTER(get_size, struct image, cli_bytes(item->size)): a column's function in one line. */
#define CLI_GETTER(name, type, value)                                                              \
	static struct cli_value name(const void *data)                                             \
	{                                                                                          \
		const type *item = data;                                                           \
		(void)item;                                                                        \
		return (value);                                                                    \
	}

#define CLI_COLUMN_RIGHT  0x1u /* align right */
#define CLI_COLUMN_HIDDEN 0x2u /* in text only when --output asks for it */
#define CLI_COLUMN_TREE   0x4u /* carries the tree when rows have parents */
#define CLI_COLUMN_WRAP   0x8u /* may be broken over several lines on a narrow terminal */

#define CLI_COLUMN_LOOKS 0x10u /* shows what has to be looked at: see cli_table_looks() */

/* One column: text, JSON, --output and the manual page come from this. */
struct cli_column {
	const char *name; /* "SIZE"; NULL ends a table */
	const char *help; /* lower case, no full stop */
	const char *key;  /* JSON key; NULL: not in JSON */
	double width;     /* hint: < 1 a share of the terminal, else characters; 0 for no hint */
	unsigned flags;
	struct cli_value (*get)(const void *item); /* NULL: only in JSON, put there by the verb */
};

/* Rows, as text or as an array of objects under `key` in the JSON, whichever is asked for.
 * Columns are those of the verb. */
struct cli_table;
struct cli_row {
	struct cli_table *table;
	void *line;     /* text; a parent for rows below it */
	json_t *object; /* JSON (borrowed), to add nested things to until the next row that has no
			   parent; NULL in text */
};

/* One item as text, a line for each column that has a key: "Name:        vms". */
void cli_show(struct cli_call *call, const struct cli_column *columns, const void *item);

struct cli_table *cli_table_new(struct cli_call *call, const char *key);
/* parent may be NULL; JSON rows of a parent are its "children". */
struct cli_row cli_table_add(struct cli_table *table, const struct cli_row *parent,
			     const void *item);
/* Does any column that is shown need a look at the items themselves? What is not shown is not asked
 * for: that would take time, and hang with a server that is gone. */
bool cli_table_looks(const struct cli_table *table);
/* Put the table into the output and free it. */
void cli_table_end(struct cli_table *table);

/* Prints it as libsmartcols does, in a third of the time. @return false where only that can */
struct libscols_table;
bool cli_plain_print(struct libscols_table *table, FILE *out);

/* Are the columns of --output the verb's? Asked before the verb runs. @return 0 or 3. */
int cli_table_check(struct cli_call *call);

/* The columns' keys and values of one item as an object, for verbs without a table. */
void cli_json_columns(json_t *object, const struct cli_column *columns, const void *item);

/* JSON of single values. Memory running out ends the program, so none of these fails. */
void cli_json_value(json_t *object, const char *key, struct cli_value value);
json_t *cli_json_text(const char *text); /* bytes that are not UTF-8 become U+FFFD; NULL: null */
/* code, message (with its cause) and remedy, for errors that belong to one of several things. */
json_t *cli_json_error(const struct cow_error *err);
/* Sets key, and key_bytes (base64) where the path is not UTF-8. */
void cli_json_path(json_t *object, const char *key, const char *path);

/* Is the terminal one for colours and line drawing? */
bool cli_output_is_fancy(void);

/* Write one more row of the JSON's table, taken over. What comes before the table is written with
 * the first one: up to there the document stays as it is. */
void cli_output_row(struct cli_call *call, json_t *row);
/* Write what there is so far, now: the text, or the JSON in one line as if it were all. What comes
 * of a stream at the end is no more than an error. */
void cli_output_line(struct cli_call *call);
/* Write everything else: all of it, or a message and exit status 2. */
int cli_output_finish(struct cli_call *call);

#endif
