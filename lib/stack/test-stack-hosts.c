/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hosts as they are found, replayed: a file in tests/data/hosts/ says what a machine shows, what is
 * asked of it, and the layers that must be found. A line at the margin is one of these:
 *
 *	# comment
 *	ask MAJOR:MINOR		a device
 *	ask mount ID		a directory on a mount, of which only the mount is known
 *	ask /PATH		a file or directory of the tree
 *	/DIRECTORY		what follows lies in it
 *	expect			what follows are the layers
 *
 * and an indented one is in its directory: `NAME = LINE`, once more for each further line of it,
 * or `NAME -> LINK`.
 */
#include "base/text.h"
#include "stack/filesystem.h"
#include "stack/test-tree.h"

struct host {
	char ask[256];
	char directory[1024];
	char *expected;
	bool expects;
};

static const char *tree_path(int fd, char *path, size_t size)
{
	ssize_t n = readlink(BASE_FD_PATH(fd), path, size - 1);

	path[n < 0 ? 0 : n] = '\0';
	return base_starts(path, tree) ? path + strlen(tree) : path;
}

static bool is_below(const char *path, const char *point)
{
	size_t length = strcmp(point, "/") ? strlen(point) : 0;

	return !strncmp(path, point, length) && (!path[length] || path[length] == '/');
}

/* As the kernel does it: the longest mount point, and of several there the last one. */
static int find_mount_id(const struct stack_edge *edge, int fd, int *ret_id)
{
	BASE_CLEANUP(free) char *mountinfo = stack_read(edge->root, "proc/self/mountinfo");
	char path[4096], *rest = mountinfo, *line;
	const char *inside = tree_path(fd, path, sizeof(path));
	size_t longest = 0;

	while ((line = strsep(&rest, "\n"))) {
		BASE_CLEANUP(mount) struct stack_mount mount = {0};

		if (stack_mount_find_id(edge, (int)strtol(line, NULL, 10), &mount) == 0 &&
		    strlen(mount.target) >= longest && is_below(inside, mount.target)) {
			longest = strlen(mount.target);
			*ret_id = mount.id;
		}
	}
	return longest ? 0 : -ENOENT;
}

static void read_entry(struct host *host, char *line)
{
	char *value = strstr(line, " = "), *target = strstr(line, " -> ");

	CHECK(value || target);
	if (value) {
		*value = '\0';
		file(value + 3, "%s/%s", host->directory + 1, line);
		file("\n", "%s/%s", host->directory + 1, line);
	} else if (target) {
		*target = '\0';
		link_to(target + 4, "%s/%s", host->directory + 1, line);
	}
}

static void read_line(struct host *host, char *line, FILE *expected)
{
	line[strcspn(line, "\n")] = '\0';
	if (*line == '\t' && host->expects)
		fprintf(expected, "%s\n", line + 1);
	else if (*line == '\t')
		read_entry(host, line + 1);
	else if (*line == '/')
		snprintf(host->directory, sizeof(host->directory), "%s", line);
	else if (base_starts(line, "ask "))
		snprintf(host->ask, sizeof(host->ask), "%s", line + 4);
	else if (!strcmp(line, "expect"))
		host->expects = true;
	else
		CHECK(!*line || *line == '#');
}

static void read_host(int directory, const char *name, struct host *host)
{
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	BASE_CLEANUP(file) FILE *stream = fd < 0 ? NULL : fdopen(fd, "r");
	BASE_CLEANUP(free) char *line = NULL;
	size_t size = 0, expected_size;
	FILE *expected = open_memstream(&host->expected, &expected_size);

	CHECK(stream && expected);
	while (stream && expected && getline(&line, &size, stream) > 0)
		read_line(host, line, expected);
	CHECK(expected && fclose(expected) == 0);
}

static const struct cow_layer *ask_mount(int id)
{
	struct stack_subject subject = {.fd = -1, .open = -1, .st.st_mode = S_IFDIR};
	const struct cow_layer *layer;

	CHECK_NUMBER(stack_mount_find_id(&builder.edge, id, &subject.mount), 0);
	layer = stack_subject_probe(&builder, &subject, NULL);
	stack_mount_clear(&subject.mount);
	return layer;
}

static const struct cow_layer *ask(const char *question)
{
	BASE_CLEANUP(fd) int fd = -1;
	unsigned number[2];

	if (sscanf(question, "mount %u", &number[0]) == 1)
		return ask_mount((int)number[0]);
	if (sscanf(question, "%u:%u", &number[0], &number[1]) == 2)
		return probe(number[0], number[1]);
	fd = stack_edge_open(&builder.edge, question, O_PATH);
	CHECK(fd >= 0);
	return stack_filesystem_probe(&builder, fd, NULL);
}

static void print_layers(const struct cow_layer *layer, int depth, FILE *out)
{
	for (; layer; layer = layer->next) {
		fprintf(out, "%*s%s %s: %s, %s, %s", 2 * depth, "", layer->type, layer->name,
			cow_overwrite_name(layer->overwrite), cow_switch_name(layer->cow_switch),
			cow_evidence_name(layer->evidence));
		fprintf(out, layer->overwrite ? "\n" : ": %s\n", layer->reason);
		CHECK(layer->reason[0]);
		print_layers(layer->below, depth + 1, out);
	}
}

static void replay(int directory, const char *name)
{
	struct host host = {0};
	BASE_CLEANUP(free) char *found = NULL;
	size_t size;
	FILE *out = open_memstream(&found, &size);

	begin();
	builder.edge.mount_id = find_mount_id;
	read_host(directory, name, &host);
	print_layers(ask(host.ask), 0, out);
	fclose(out);
	if (strcmp(found, host.expected) != 0) {
		unit_failures++;
		fprintf(stderr, "%s: expected\n%sfound\n%s", name, host.expected, found);
	}
	free(host.expected);
	end();
}

/* Another directory can be named, to try what tools/capture-host wrote. */
int main(int argc, char **argv)
{
	const char *source = getenv("COW_SOURCE");
	BASE_CLEANUP(free)
	char *path = base_format("%s/tests/data/hosts", source ? source : ".");
	BASE_CLEANUP(fd) int directory = open(argc > 1 ? argv[1] : path, O_PATH | O_DIRECTORY);
	BASE_CLEANUP(names) char **names = NULL;
	size_t count = stack_list(directory, ".", &names);

	CHECK(count);
	for (size_t i = 0; i < count; i++)
		replay(directory, names[i]);
	return unit_status();
}
