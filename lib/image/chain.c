/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "image/chain.h"

/* QEMU's own limit on backing chains. */
#define STEPS_MAX 200

/* `chain` comes first: a step is found again from what the caller was given. */
struct step {
	struct cow_chain chain;
	struct step *next;
	char *path;
	int errnum; /* why it could not be opened */
	bool disk;
	dev_t device;
	ino_t inode;
};

struct walk {
	struct step *first, *last;
	struct base_silence *silence;
};

static const char *problem_of(int errnum)
{
	static const struct {
		const char *problem;
		int errnum;
	} names[] = {
		{"not found", ENOENT},          {"not found", ENOTDIR},
		{"no permission", EACCES},      {"no permission", EPERM},
		{"symbolic links loop", ELOOP}, {"in use by somebody who excludes others", EAGAIN},
	};

	for (size_t i = 0; i < BASE_ARRAY_SIZE(names); i++)
		if (names[i].errnum == errnum)
			return names[i].problem;
	return "can't be read";
}

COW_EXPORT void cow_chain_free(struct cow_chain *chain)
{
	for (struct step *step = (struct step *)chain, *next; step; step = next) {
		next = step->next;
		free(step->path);
		free(step);
	}
}
DEFINE_CLEANUP(chain, struct cow_chain *, cow_chain_free, NULL)

/* QEMU takes "file:" off a name. Any other word with a colon before the first slash makes it no
 * file name at all: "nbd://host", "json:{...}". */
const char *image_file_name(const char *name)
{
	return base_starts(name, "file:") ? name + strlen("file:") : name;
}

const char *image_protocol_problem(const char *name)
{
	name = image_file_name(name);
	if (base_starts(name, "json:"))
		return "a json: description, not a file name";
	return name[strcspn(name, ":/")] == ':' ? "a network name" : NULL;
}

/* QEMU takes names as relative to the directory of the file that has them in its header, found by
 * the text of that file's name: a symlink to an overlay moves its backing files. */
char *image_backing_path(const char *from, const char *name)
{
	const char *slash = strrchr(from, '/'), *file = image_file_name(name);

	if (image_protocol_problem(name))
		return strdup(name);
	if (file[0] == '/' || !slash)
		return strdup(file);
	return base_format("%.*s%s", (int)(slash - from + 1), from, file);
}

/* Open only what is a regular file, looked at through O_PATH first: to open a device or a fifo may
 * wait, or do something. @return fd or -errno; -EINVAL for what is no file. */
static int open_file(const char *path, struct stat *ret)
{
	BASE_CLEANUP(fd) int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd < 0 || fstat(fd, ret) < 0)
		return -errno;
	return S_ISREG(ret->st_mode) ? base_fd_reopen(fd, O_RDONLY) : -EINVAL;
}

static bool seen(const struct walk *walk, const struct stat *st)
{
	for (const struct step *step = walk->first; step; step = step->next)
		if (step->device == st->st_dev && step->inode == st->st_ino)
			return true;
	return false;
}

/* @return what is wrong, or NULL; *ret_fd is the file wherever it could be opened. */
static const char *open_step(struct step *step, const struct walk *walk, int *ret_fd)
{
	struct stat st = {0};
	int fd;

	*ret_fd = -1;
	/* The image itself is what the caller named; its header can name what is out of reach. */
	if (step != walk->first && !base_answers_yet(walk->silence, step->path))
		return "it does not answer";
	fd = open_file(step->path, &st);
	*ret_fd = fd < 0 ? -1 : fd;
	if (S_ISREG(st.st_mode) && seen(walk, &st))
		return "a loop";
	step->disk = S_ISBLK(st.st_mode);
	step->device = st.st_dev;
	step->inode = st.st_ino;
	step->errnum = fd < 0 ? -fd : 0;
	/* A disk that is stated to be raw needs no look inside. */
	if (fd == -EINVAL && S_ISBLK(st.st_mode) && step->chain.format == COW_FORMAT_RAW)
		return NULL;
	if (fd == -EINVAL)
		return "not a regular file";
	if (fd < 0)
		return problem_of(-fd);
	return NULL;
}

/* Look at one step. What is wrong with it is its problem and no error.
 * @return 1 when it has a backing file, 0 when the chain ends here, -ENOMEM. */
static int look(struct step *step, const struct walk *walk, struct cow_header *header)
{
	struct cow_chain *chain = &step->chain;
	enum cow_format stated = chain->format;
	BASE_CLEANUP(fd) int fd = -1;
	int r;

	chain->problem = open_step(step, walk, &fd);
	/* What is stated to be raw is raw: its content is the guest's, who could write any header
	 * there and have us follow it. */
	if (chain->problem || stated == COW_FORMAT_RAW)
		return 0;
	r = cow_header_read(fd, header, NULL);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		chain->problem = problem_of(-r);
		return 0;
	}
	chain->format = header->format;
	if (header->damaged == COW_ANSWER_YES)
		chain->problem = "its header is damaged";
	else if (stated && stated != header->format)
		chain->problem = "not of the format its overlay says it is";
	return !chain->problem && header->backing;
}

/* Takes the path over, NULL when there was no memory for it. */
static int append(struct walk *walk, char *path, enum cow_format stated)
{
	struct step *step = path ? calloc(1, sizeof(*step)) : NULL;

	if (!step) {
		free(path);
		return -ENOMEM;
	}
	step->path = path;
	step->chain.path = path;
	step->chain.format = stated;
	if (walk->last) {
		walk->last->next = step;
		walk->last->chain.next = &step->chain;
	} else {
		walk->first = step;
	}
	walk->last = step;
	return 0;
}

static int follow(const char *path, struct walk *walk)
{
	enum cow_format stated = COW_FORMAT_UNKNOWN;
	const char *problem = NULL;
	char *next = strdup(path);

	for (int steps = 1;; steps++) {
		struct cow_header header = {0};
		int r = append(walk, next, stated);

		if (r < 0)
			return r;
		walk->last->chain.problem = problem;
		if (problem)
			return 0;
		r = look(walk->last, walk, &header);
		if (r > 0) {
			next = image_backing_path(walk->last->path, header.backing);
			stated = header.backing_format;
			problem = steps == STEPS_MAX ? "beyond the longest chain QEMU takes"
						     : image_protocol_problem(header.backing);
		}
		cow_header_clear(&header);
		if (r <= 0)
			return r;
	}
}

bool image_chain_is_elsewhere(const struct cow_chain *chain)
{
	const struct step *step = (const struct step *)chain;

	return step->disk || image_protocol_problem(step->path);
}

int image_chain_new(const char *path, struct base_silence *silence, struct cow_chain **ret,
		    struct cow_error *err)
{
	struct walk walk = {.silence = silence};
	BASE_CLEANUP(chain) struct cow_chain *chain = NULL;
	int r = follow(path, &walk);

	chain = walk.first ? &walk.first->chain : NULL;
	if (r == 0 && walk.first->errnum)
		r = -walk.first->errnum;
	if (r < 0)
		return base_fail(err, -r, "open the image %s", BASE_QUOTE(path));
	*ret = base_take(chain);
	return 0;
}

COW_EXPORT int cow_chain_new(const char *path, struct cow_chain **ret, struct cow_error *err)
{
	BASE_CLEANUP(silence) struct base_silence silence = {NULL};

	return image_chain_new(path, &silence, ret, err);
}
