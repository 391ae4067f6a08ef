/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef STACK_LAYER_H
#define STACK_LAYER_H

#include <sys/types.h>

#include <cow/stack.h>

#include "base/macro.h"
#include "stack/edge.h"

/* Where layers are made: owns every byte of the stack, so one call frees it whole. */
struct stack_builder {
	struct stack_edge edge;
	struct stack_chunk *chunks;
	unsigned layers;
	bool doubtful;  /* whether this is what lies there is itself inferred */
	bool no_memory; /* something could not be stored: the stack is incomplete and not handed out
			 */
};

void stack_builder_clear(struct stack_builder *builder);

/* The way from the top down to here, on the C stack. It stops a tree that would never end: a
 * backing file is a path, and in another mount namespace a path can lead back to its own device. */
#define STACK_DEPTH_MAX 32 /* enough for anything built on purpose */

struct stack_trail {
	const struct stack_trail *above;
	unsigned depth;
	dev_t device;
};

/* NULL only when out of memory, which builder->no_memory says too; the other functions take NULL.
 * A layer begins unknown. */
struct cow_layer *stack_layer_new(struct stack_builder *builder, const char *type,
				  const char *name);
/* The same, ready: nothing is known and the reason says why. */
struct cow_layer *stack_layer_unknown(struct stack_builder *builder, const char *type,
				      const char *name, const char *reason);

void stack_layer_judge(struct stack_builder *builder, struct cow_layer *layer,
		       enum cow_overwrite overwrite, enum cow_switch cow_switch,
		       enum cow_evidence evidence, const char *format, ...) BASE_PRINTF(6, 7);

/* One more device or filesystem underneath. */
void stack_layer_put_below(struct cow_layer *layer, struct cow_layer *below);

/* NULL and COW_ANSWER_UNKNOWN make a detail that is unknown. */
void stack_detail_text(struct stack_builder *builder, struct cow_layer *layer, const char *key,
		       const char *text);
void stack_detail_number(struct stack_builder *builder, struct cow_layer *layer, const char *key,
			 uint64_t number);
void stack_detail_answer(struct stack_builder *builder, struct cow_layer *layer, const char *key,
			 enum cow_answer answer);

static inline enum cow_answer stack_answer(bool yes)
{
	return yes ? COW_ANSWER_YES : COW_ANSWER_NO;
}

#endif
