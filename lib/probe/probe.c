/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a path to a verdict: find what is there, look at it, measure where it is, ask the layers
 * below, and fold all of it into one answer. */
#include <fcntl.h>
#include <sys/stat.h>

#include <cow/attr.h>
#include <cow/probe.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "probe/measure.h"
#include "probe/verdict.h"

/* The public object and what it points to. */
struct probe {
	struct cow_probe public; /* first: cow_probe_free() gets its address */
	char *path, *probed, *reason, *remedy;
	struct cow_stack *stack;
};

COW_EXPORT void cow_probe_free(struct cow_probe *public)
{
	struct probe *probe = (struct probe *)public;

	if (!probe)
		return;
	cow_stack_free(probe->stack);
	free(probe->path);
	free(probe->probed);
	free(probe->reason);
	free(probe->remedy);
	free(probe);
}

static void probe_free(struct probe *probe)
{
	cow_probe_free(&probe->public);
}

DEFINE_CLEANUP(probe, struct probe *, probe_free, NULL)

/* Cut the last component off, in place: "a/b" -> "a", "/a" -> "/", "a" -> ".". */
static void cut_last(char *path)
{
	char *end = path + strlen(path);

	while (end > path + 1 && end[-1] == '/')
		end--;
	while (end > path && end[-1] != '/')
		end--;
	while (end > path + 1 && end[-1] == '/')
		end--;
	if (end == path)
		strcpy(path, ".");
	else
		*end = '\0';
}

/* Open the path, or its nearest parent that exists. O_PATH: nothing is opened for its content, so
 * no FIFO blocks and no device wakes up. @return fd or -errno. */
static int open_nearest(struct probe *probe, struct cow_error *err)
{
	if (!*probe->path)
		return base_fail(err, ENOENT, "open %s", BASE_QUOTE(probe->path));
	/* "." must fit in place of a name of one byte */
	probe->probed = strdup(probe->path);
	if (!probe->probed)
		return base_fail(err, ENOMEM, "probe %s", BASE_QUOTE(probe->path));
	probe->public.exists = true;
	for (;;) {
		int fd = open(probe->probed, O_PATH | O_CLOEXEC);

		if (fd >= 0)
			return fd;
		/* Its parent would be another filesystem. */
		if (errno == ENOENT && base_is_fd_path(probe->path))
			return base_remedy(
				err, base_fail(err, errno, "open %s", BASE_QUOTE(probe->path)),
				"is /proc mounted?");
		if (errno != ENOENT || base_equal(probe->probed, ".") ||
		    base_equal(probe->probed, "/"))
			return base_fail(err, errno, "open %s", BASE_QUOTE(probe->probed));
		probe->public.exists = false;
		cut_last(probe->probed);
	}
}

/* The directory new files are made in: itself, or the one a file is in. */
static int open_directory(const struct probe *probe, int fd, mode_t mode)
{
	BASE_CLEANUP(free) char *real = NULL;
	int result;

	if (S_ISDIR(mode))
		return fcntl(fd, F_DUPFD_CLOEXEC, 3);
	real = realpath(probe->probed, NULL);
	if (!real)
		return -1;
	cut_last(real);
	result = open(real, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return result;
}

static void read_flags(struct probe *probe, int fd)
{
	BASE_CLEANUP(fd) int readable = base_fd_reopen(fd, O_RDONLY);
	uint32_t flags;

	if (readable < 0 || cow_attr_get(readable, &flags, NULL) < 0)
		return;
	probe->public.nocow = flags & COW_ATTR_NOCOW ? COW_ANSWER_YES : COW_ANSWER_NO;
	probe->public.compress =
		flags & (COW_ATTR_COMPRESS | COW_ATTR_NOCOMPRESS) ? COW_ANSWER_YES : COW_ANSWER_NO;
}

/* A regular file is only read; what it does is its own flag's and extents' matter. */
static int look_at_file(int fd, struct probe_input *input, struct cow_error *err)
{
	BASE_CLEANUP(fd) int readable = base_fd_reopen(fd, O_RDONLY);

	if (readable < 0) {
		input->file_problem = -readable;
		return 0;
	}
	return cow_file_state_read(readable, input->layer, &input->file, err);
}

/* Making even an unnamed file in a lower directory of an overlay copies that directory up, and that
 * trace stays (K19). */
static bool copies_up(const struct cow_layer *layer)
{
	return base_equal(layer->type, "overlay") &&
	       cow_layer_detail_answer(layer, "in_upper") != COW_ANSWER_YES;
}

static enum cow_answer read_directory_nocow(const struct cow_layer *layer, int directory)
{
	BASE_CLEANUP(fd) int readable = base_fd_reopen(directory, O_RDONLY);
	uint32_t flags;

	/* A directory that is copied up is made in the work directory, and takes its flag. */
	if (cow_layer_detail_answer(layer, "in_upper") == COW_ANSWER_NO)
		return cow_layer_detail_answer(layer, "workdir_nocow");
	if (readable < 0 || cow_attr_get(readable, &flags, NULL) < 0)
		return COW_ANSWER_UNKNOWN;
	return flags & COW_ATTR_NOCOW ? COW_ANSWER_YES : COW_ANSWER_NO;
}

static int look(struct probe *probe, int fd, unsigned flags, struct probe_input *input,
		struct cow_error *err)
{
	BASE_CLEANUP(fd) int directory = -1;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return base_fail(err, errno, "look at %s", BASE_QUOTE(probe->probed));
	input->mode = st.st_mode;
	input->layer = cow_stack_top(probe->stack);
	if (S_ISBLK(st.st_mode))
		return 0;
	directory = open_directory(probe, fd, st.st_mode);
	if (directory < 0)
		base_copy(input->measured.why_not, sizeof(input->measured.why_not),
			  "its directory can't be opened");
	else if (flags & COW_PROBE_NO_MEASURE)
		base_copy(input->measured.why_not, sizeof(input->measured.why_not),
			  "measuring was not asked for");
	else if (copies_up(input->layer))
		base_copy(input->measured.why_not, sizeof(input->measured.why_not),
			  "that could copy the directory up");
	else
		probe_measure(directory, flags & COW_PROBE_NAMED, &input->measured);
	if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
		read_flags(probe, fd);
	if (directory >= 0 && input->measured.born_nocow == COW_ANSWER_UNKNOWN)
		input->directory_nocow = read_directory_nocow(input->layer, directory);
	return S_ISREG(st.st_mode) ? look_at_file(fd, input, err) : 0;
}

COW_EXPORT int cow_probe_new(const char *path, unsigned flags, struct cow_probe **ret,
			     struct cow_error *err)
{
	BASE_CLEANUP(probe) struct probe *probe = calloc(1, sizeof(*probe));
	BASE_CLEANUP(fd) int fd = -1;
	struct probe_input input = {0};
	struct probe_verdict verdict;
	int r;

	if (flags & ~(COW_PROBE_NO_MEASURE | COW_PROBE_NAMED))
		return base_fail(err, EINVAL, "probe: unknown flags 0x%x", flags);
	if (!probe || !(probe->path = strdup(path)))
		return base_fail(err, ENOMEM, "probe %s", BASE_QUOTE(path));
	fd = open_nearest(probe, err);
	if (fd < 0)
		return fd;
	r = cow_stack_new(fd, &probe->stack, err);
	if (r < 0)
		return r;
	probe->public.stack = probe->stack;
	probe->public.path = probe->path;
	probe->public.probed = probe->probed;
	r = look(probe, fd, flags, &input, err);
	if (r < 0)
		return r;
	probe_fold(&input, &probe->public, &verdict);
	probe->public.reason = probe->reason = strdup(verdict.reason);
	if (verdict.remedy[0])
		probe->public.remedy = probe->remedy = strdup(verdict.remedy);
	if (!probe->reason || (verdict.remedy[0] && !probe->remedy))
		return base_fail(err, ENOMEM, "probe %s", BASE_QUOTE(path));
	*ret = &base_take(probe)->public;
	return 0;
}
