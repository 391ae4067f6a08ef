/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "stack/layer.h"

struct stack_chunk {
	struct stack_chunk *next;
	max_align_t data[];
};

/* A layer and where its lists end; the lists themselves are const for everybody else. */
struct entry {
	struct cow_layer layer; /* first: struct cow_layer * is cast back */
	struct cow_detail *last_detail;
	struct cow_layer *last_below;
};

static void *keep(struct stack_builder *builder, size_t size)
{
	struct stack_chunk *chunk = calloc(1, sizeof(*chunk) + size);

	if (!chunk) {
		builder->no_memory = true;
		return NULL;
	}
	chunk->next = builder->chunks;
	builder->chunks = chunk;
	return chunk->data;
}

static const char *keep_text(struct stack_builder *builder, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = keep(builder, size);

	return copy ? memcpy(copy, text, size) : "";
}

void stack_builder_clear(struct stack_builder *builder)
{
	while (builder->chunks) {
		struct stack_chunk *next = builder->chunks->next;

		free(builder->chunks);
		builder->chunks = next;
	}
}

struct cow_layer *stack_layer_new(struct stack_builder *builder, const char *type, const char *name)
{
	struct entry *entry = keep(builder, sizeof(*entry));
	struct cow_layer *layer = entry ? &entry->layer : NULL;

	if (!layer)
		return NULL;
	builder->layers++;
	layer->type = keep_text(builder, type);
	layer->name = keep_text(builder, name);
	layer->reason = "";
	return layer;
}

struct cow_layer *stack_layer_unknown(struct stack_builder *builder, const char *type,
				      const char *name, const char *reason)
{
	struct cow_layer *layer = stack_layer_new(builder, type, name);

	stack_layer_judge(builder, layer, COW_OVERWRITE_UNKNOWN, COW_SWITCH_UNKNOWN,
			  COW_EVIDENCE_NONE, "%s", reason);
	return layer;
}

void stack_layer_judge(struct stack_builder *builder, struct cow_layer *layer,
		       enum cow_overwrite overwrite, enum cow_switch cow_switch,
		       enum cow_evidence evidence, const char *format, ...)
{
	BASE_CLEANUP(free) char *reason = NULL;
	va_list arguments;
	int n;

	if (!layer)
		return;
	va_start(arguments, format);
	n = vasprintf(&reason, format, arguments);
	va_end(arguments);
	if (n < 0) {
		reason = NULL;
		builder->no_memory = true;
		return;
	}
	layer->overwrite = overwrite;
	layer->cow_switch = cow_switch;
	layer->evidence = evidence == COW_EVIDENCE_REPORTED && builder->doubtful
				  ? COW_EVIDENCE_INFERRED
				  : evidence;
	layer->reason = keep_text(builder, reason);
}

void stack_layer_put_below(struct cow_layer *layer, struct cow_layer *below)
{
	struct entry *entry = (struct entry *)layer;

	if (!layer || !below)
		return;
	if (entry->last_below)
		entry->last_below->next = below;
	else
		layer->below = below;
	entry->last_below = below;
}

static struct cow_detail *add_detail(struct stack_builder *builder, struct cow_layer *layer,
				     const char *key, enum cow_detail_kind kind)
{
	struct cow_detail *detail = layer ? keep(builder, sizeof(*detail)) : NULL;
	struct entry *entry = (struct entry *)layer;

	if (!detail)
		return NULL;
	detail->key = keep_text(builder, key);
	detail->kind = kind;
	if (entry->last_detail)
		entry->last_detail->next = detail;
	else
		layer->details = detail;
	entry->last_detail = detail;
	return detail;
}

void stack_detail_text(struct stack_builder *builder, struct cow_layer *layer, const char *key,
		       const char *text)
{
	struct cow_detail *detail =
		add_detail(builder, layer, key, text ? COW_DETAIL_TEXT : COW_DETAIL_UNKNOWN);

	if (detail && text)
		detail->text = keep_text(builder, text);
}

void stack_detail_number(struct stack_builder *builder, struct cow_layer *layer, const char *key,
			 uint64_t number)
{
	struct cow_detail *detail = add_detail(builder, layer, key, COW_DETAIL_NUMBER);

	if (detail)
		detail->number = number;
}

void stack_detail_answer(struct stack_builder *builder, struct cow_layer *layer, const char *key,
			 enum cow_answer answer)
{
	struct cow_detail *detail =
		add_detail(builder, layer, key,
			   answer == COW_ANSWER_UNKNOWN ? COW_DETAIL_UNKNOWN : COW_DETAIL_BOOL);

	if (detail)
		detail->number = answer == COW_ANSWER_YES;
}
