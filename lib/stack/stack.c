/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/text.h"
#include "stack/block.h"
#include "stack/filesystem.h"

struct cow_stack {
	struct stack_builder builder; /* owns all layers */
	const struct cow_layer *top;
};

static int build(struct cow_stack *stack, int fd, struct cow_error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return base_fail(err, errno, "look at a file");
	if (S_ISBLK(st.st_mode))
		stack->top = stack_block_probe(&stack->builder, st.st_rdev, NULL);
	else
		stack->top = stack_filesystem_probe(&stack->builder, fd, NULL);
	if (!stack->top || stack->builder.no_memory)
		return base_fail(err, ENOMEM, "find what lies under a file");
	return 0;
}

COW_EXPORT int cow_stack_new(int fd, struct cow_stack **ret_stack, struct cow_error *err)
{
	BASE_CLEANUP(fd) int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct cow_stack *stack;
	int r;

	if (root < 0)
		return base_fail(err, errno, "open '/'");
	stack = calloc(1, sizeof(*stack));
	if (!stack)
		return base_fail(err, ENOMEM, "find what lies under a file");
	stack->builder.edge.root = root;
	r = build(stack, fd, err);
	stack->builder.edge.root = -1;
	if (r < 0) {
		cow_stack_free(stack);
		return r;
	}
	*ret_stack = stack;
	return 0;
}

COW_EXPORT int cow_stack_new_path(const char *path, struct cow_stack **ret_stack,
				  struct cow_error *err)
{
	BASE_CLEANUP(fd) int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return base_fail(err, errno, "open %s", BASE_QUOTE(path));
	return cow_stack_new(fd, ret_stack, err);
}

COW_EXPORT void cow_stack_free(struct cow_stack *stack)
{
	if (!stack)
		return;
	stack_builder_clear(&stack->builder);
	free(stack);
}

COW_EXPORT const struct cow_layer *cow_stack_top(const struct cow_stack *stack)
{
	return stack->top;
}

COW_EXPORT const struct cow_detail *cow_layer_detail(const struct cow_layer *layer, const char *key)
{
	const struct cow_detail *detail = layer->details;

	while (detail && !base_equal(detail->key, key))
		detail = detail->next;
	return detail;
}

COW_EXPORT const char *cow_layer_detail_text(const struct cow_layer *layer, const char *key)
{
	const struct cow_detail *detail = cow_layer_detail(layer, key);

	return detail && detail->kind == COW_DETAIL_TEXT ? detail->text : NULL;
}

COW_EXPORT enum cow_answer cow_layer_detail_answer(const struct cow_layer *layer, const char *key)
{
	const struct cow_detail *detail = cow_layer_detail(layer, key);

	if (!detail || detail->kind != COW_DETAIL_BOOL)
		return COW_ANSWER_UNKNOWN;
	return detail->number ? COW_ANSWER_YES : COW_ANSWER_NO;
}
