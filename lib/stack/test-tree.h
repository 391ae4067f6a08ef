/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef STACK_TEST_TREE_H
#define STACK_TEST_TREE_H

/* For layers that the kernel of a test machine rarely has: trees made here in place of "/", shaped
 * like the real sysfs, links included. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "stack/block.h"

#include "unit.h"

static char tree[64];
static struct stack_builder builder;

static inline int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static inline void begin(void)
{
	strcpy(tree, "/tmp/cow-stack.XXXXXX");
	if (!mkdtemp(tree))
		exit(EXIT_FAILURE);
	builder = (struct stack_builder){.edge.root = open(tree, O_PATH | O_DIRECTORY)};
}

static inline void end(void)
{
	CHECK(!builder.no_memory);
	stack_builder_clear(&builder);
	close(builder.edge.root);
	nftw(tree, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline __attribute__((format(printf, 3, 0))) void
place(char *path, size_t size, const char *format, va_list arguments)
{
	size_t used = (size_t)snprintf(path, size, "%s/", tree);

	vsnprintf(path + used, size - used, format, arguments);
	for (char *slash = path + used; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0777);
		*slash = '/';
	}
}

static inline BASE_PRINTF(2, 3) void file(const char *content, const char *format, ...)
{
	char path[2048];
	va_list arguments;
	FILE *stream;

	va_start(arguments, format);
	place(path, sizeof(path), format, arguments);
	va_end(arguments);
	stream = fopen(path, "a");
	CHECK(stream && fputs(content, stream) >= 0 && fclose(stream) == 0);
}

static inline BASE_PRINTF(2, 3) void link_to(const char *target, const char *format, ...)
{
	char path[2048];
	va_list arguments;

	va_start(arguments, format);
	place(path, sizeof(path), format, arguments);
	va_end(arguments);
	CHECK_NUMBER(symlink(target, path), 0);
}

/* A device as the kernel shows it: a directory, its number, a link to it by that number. */
static inline void device(const char *name, const char *number)
{
	char target[128], line[64];

	snprintf(target, sizeof(target), "../../devices/virtual/block/%s", name);
	snprintf(line, sizeof(line), "%s\n", number);
	link_to(target, "sys/dev/block/%s", number);
	file(line, "sys/devices/virtual/block/%s/dev", name);
}

static inline void attribute(const char *name, const char *attribute_name, const char *value)
{
	file(value, "sys/devices/virtual/block/%s/%s", name, attribute_name);
}

static inline void lies_on(const char *upper, const char *lower)
{
	char target[128];

	snprintf(target, sizeof(target), "../../%s", lower);
	link_to(target, "sys/devices/virtual/block/%s/slaves/%s", upper, lower);
	snprintf(target, sizeof(target), "../../%s", upper);
	link_to(target, "sys/devices/virtual/block/%s/holders/%s", lower, upper);
}

static inline void disk(const char *name, const char *number)
{
	device(name, number);
	attribute(name, "queue/zoned", "none\n");
	attribute(name, "ro", "0\n");
}

static inline const struct cow_layer *probe(unsigned major_number, unsigned minor_number)
{
	return stack_block_probe(&builder, makedev(major_number, minor_number), NULL);
}

static inline void expect(const struct cow_layer *layer, const char *type,
			  enum cow_overwrite overwrite, enum cow_evidence evidence)
{
	CHECK(layer != NULL);
	if (!layer)
		return;
	CHECK_TEXT(layer->type, type);
	CHECK_TEXT(cow_overwrite_name(layer->overwrite), cow_overwrite_name(overwrite));
	CHECK_TEXT(cow_evidence_name(layer->evidence), cow_evidence_name(evidence));
	CHECK(layer->reason[0] != '\0');
}

#define IN_PLACE    COW_OVERWRITE_IN_PLACE
#define COPIED      COW_OVERWRITE_COPIED
#define COPIED_ONCE COW_OVERWRITE_COPIED_ONCE
#define INFERRED    COW_EVIDENCE_INFERRED
#define REPORTED    COW_EVIDENCE_REPORTED

/* Each test has a tree of its own. */
static inline int run_tests(void (*const *tests)(void), size_t count)
{
	for (size_t i = 0; i < count; i++) {
		begin();
		tests[i]();
		end();
	}
	return unit_status();
}

#endif
