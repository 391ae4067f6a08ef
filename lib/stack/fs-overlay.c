/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <cow/attr.h>

#include "base/text.h"
#include "stack/filesystem.h"

/* Where the subject is inside the overlay, relative to its root; "" for the root itself, NULL when
 * that can't be told (a file without a name). */
static char *path_inside(const struct stack_subject *subject)
{
	const char *target = subject->mount.target, *rest, *root;
	BASE_CLEANUP(free) char *path = base_fd_place(subject->fd);
	size_t length;

	if (!path || !target || !subject->st.st_nlink)
		return NULL;
	length = strlen(target);
	if (!strcmp(target, "/"))
		length = 0;
	if (strncmp(path, target, length) != 0 || (path[length] && path[length] != '/'))
		return NULL;
	/* Of a bind mount of a part, that part is where it begins. */
	rest = path + length + strspn(path + length, "/");
	root = subject->mount.root + strspn(subject->mount.root, "/");
	return base_format("%s%s%s", root, *root && *rest ? "/" : "", rest);
}

/* A directory named in mountinfo. Mounted with a relative name it could be any. */
static int open_named(const struct stack_edge *edge, const char *path, int flags)
{
	if (!path || *path != '/')
		return -EINVAL;
	return stack_edge_open(edge, path, flags | O_DIRECTORY);
}

/* The subject's own file in the upper directory; -ENOENT where it is not there (yet), another
 * -errno where that can't be known. */
static int open_upper(const struct stack_edge *edge, const struct stack_subject *subject)
{
	BASE_CLEANUP(free) char *upper = stack_mount_option(&subject->mount, "upperdir");
	BASE_CLEANUP(free) char *inside = path_inside(subject);
	BASE_CLEANUP(fd) int top = open_named(edge, upper, O_PATH), fd = -1;
	struct stat st;

	if (top < 0 || !inside)
		return -EINVAL;
	fd = openat(top, *inside ? inside : ".", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return errno == ENOTDIR ? -ENOENT : -errno;
	/* Something else by that name is a whiteout or an opaque replacement seen mid-way. */
	if ((st.st_mode & S_IFMT) != (subject->st.st_mode & S_IFMT))
		return -ENOENT;
	return base_take_fd(&fd);
}

/* Where files are really made: overlayfs makes a directory of its own in the work directory when it
 * is mounted, so a flag that came later is not in it. Only root may look into that one. */
static int open_work(const struct stack_edge *edge, const char *work, int flags)
{
	BASE_CLEANUP(free) char *inner = work ? base_format("%s/work", work) : NULL;
	int fd = open_named(edge, inner, flags);

	return fd == -ENOENT ? open_named(edge, work, flags) : fd;
}

static enum cow_answer is_nocow(int directory)
{
	BASE_CLEANUP(fd) int fd = directory;
	uint32_t flags;

	if (fd < 0 || cow_attr_get(fd, &flags, NULL) < 0)
		return COW_ANSWER_UNKNOWN;
	return stack_answer(flags & COW_ATTR_NOCOW);
}

static void judge_overwrite(struct stack_builder *builder, struct cow_layer *layer,
			    const struct stack_subject *subject, bool has_upper,
			    enum cow_answer in_upper)
{
	if (!has_upper)
		stack_layer_judge(builder, layer, COW_OVERWRITE_IN_PLACE, COW_SWITCH_NOT_NEEDED,
				  COW_EVIDENCE_REPORTED,
				  "an overlay without an upper directory is read-only");
	else if (S_ISDIR(subject->st.st_mode) || in_upper == COW_ANSWER_YES)
		stack_layer_judge(builder, layer, COW_OVERWRITE_IN_PLACE, COW_SWITCH_NOT_NEEDED,
				  COW_EVIDENCE_REPORTED, "passed on to the upper directory");
	else if (in_upper == COW_ANSWER_NO)
		stack_layer_judge(builder, layer, COW_OVERWRITE_COPIED_ONCE, COW_SWITCH_NONE,
				  COW_EVIDENCE_REPORTED,
				  "a lower file is copied up whole when it is first opened for "
				  "writing");
	else
		stack_layer_judge(builder, layer, COW_OVERWRITE_UNKNOWN, COW_SWITCH_UNKNOWN,
				  COW_EVIDENCE_NONE,
				  "whether it is in the upper directory can't be found out");
}

static enum cow_answer is_in_upper(const struct stack_edge *edge,
				   const struct stack_subject *subject)
{
	BASE_CLEANUP(fd) int fd = open_upper(edge, subject);
	BASE_CLEANUP(free) char *inside = path_inside(subject);

	/* The root always is, even where (in a container) the upper directory can't be reached. */
	if (fd >= 0 || (inside && !*inside && stack_mount_has(&subject->mount, "upperdir")))
		return COW_ANSWER_YES;
	return fd == -ENOENT ? COW_ANSWER_NO : COW_ANSWER_UNKNOWN;
}

void stack_overlay_judge(struct stack_builder *builder, struct cow_layer *layer,
			 const struct stack_subject *subject)
{
	BASE_CLEANUP(free) char *upper = stack_mount_option(&subject->mount, "upperdir");
	BASE_CLEANUP(free) char *work = stack_mount_option(&subject->mount, "workdir");
	BASE_CLEANUP(free) char *lower = stack_mount_option(&subject->mount, "lowerdir");
	enum cow_answer in_upper = is_in_upper(&builder->edge, subject);

	stack_detail_text(builder, layer, "upperdir", upper);
	stack_detail_text(builder, layer, "workdir", work);
	stack_detail_text(builder, layer, "lowerdir", lower);
	/* Copies up and files created over a whiteout are made in the work directory and take
	 * their flags from there (K20). */
	stack_detail_answer(builder, layer, "upperdir_nocow",
			    is_nocow(open_named(&builder->edge, upper, O_RDONLY)));
	stack_detail_answer(builder, layer, "workdir_nocow",
			    is_nocow(open_work(&builder->edge, work, O_RDONLY)));
	stack_detail_answer(builder, layer, "in_upper", in_upper);
	judge_overwrite(builder, layer, subject, upper, in_upper);
}

/* An overlay stores nothing itself: what its upper filesystem does is what is seen through it, the
 * switch included, for SETFLAGS is forwarded. */
static void mirror(struct stack_builder *builder, struct cow_layer *layer)
{
	const struct cow_layer *upper = layer->below;

	if (!upper)
		return;
	if (layer->overwrite == COW_OVERWRITE_IN_PLACE)
		stack_layer_judge(builder, layer, upper->overwrite, upper->cow_switch,
				  upper->evidence, "as its upper directory: %s", upper->reason);
	else if (upper->overwrite == COW_OVERWRITE_COPIED)
		layer->overwrite = upper->overwrite;
}

void stack_overlay_below(struct stack_builder *builder, struct cow_layer *layer,
			 const struct stack_subject *subject, const struct stack_trail *trail)
{
	const char *upper = cow_layer_detail_text(layer, "upperdir");
	BASE_CLEANUP(fd) int fd = open_upper(&builder->edge, subject);
	struct stack_trail below = {trail, trail ? trail->depth + 1 : 0, 0};

	if (!upper)
		return;
	/* What isn't in the upper directory yet will come there through the work directory. */
	if (fd == -ENOENT)
		fd = open_work(&builder->edge, cow_layer_detail_text(layer, "workdir"), O_PATH);
	if (fd < 0 || below.depth > STACK_DEPTH_MAX)
		stack_layer_put_below(
			layer, stack_layer_unknown(builder, "unknown", upper,
						   "the upper directory can't be reached by the "
						   "name it was mounted with"));
	else
		stack_layer_put_below(layer, stack_filesystem_probe(builder, fd, &below));
	mirror(builder, layer);
}
