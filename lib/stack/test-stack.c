/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include <cow/stack.h>

#include "unit.h"

static void a_path_that_is_not_there_is_an_error(void)
{
	struct cow_stack *stack = NULL;
	struct cow_error err;

	CHECK_NUMBER(cow_stack_new_path("/nonexistent/file", &stack, &err), -ENOENT);
	CHECK_NUMBER(err.code, COW_CODE_NOT_FOUND);
	CHECK(!stack);
}

static void proc_is_a_filesystem_of_which_nothing_is_known(void)
{
	struct cow_stack *stack = NULL;

	CHECK_NUMBER(cow_stack_new_path("/proc/self", &stack, NULL), 0);
	CHECK_TEXT(cow_stack_top(stack)->type, "proc");
	CHECK_TEXT(cow_stack_top(stack)->name, "/proc");
	CHECK_NUMBER(cow_stack_top(stack)->overwrite, COW_OVERWRITE_UNKNOWN);
	cow_stack_free(stack);
}

int main(void)
{
	a_path_that_is_not_there_is_an_error();
	proc_is_a_filesystem_of_which_nothing_is_known();
	cow_stack_free(NULL);
	return unit_status();
}
