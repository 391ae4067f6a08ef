/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "audit/names.h"
#include "audit/walk.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"

/* Directories deeper in the tree than this have the ones far above them closed; the way back up is
 * "..", checked. So the depth of a tree is bounded by memory, not by RLIMIT_NOFILE. */
#define OPEN_MAX_DIRECTORIES 32

#define DIRECTORY_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW)

struct frame {
	struct audit_directory directory;
	struct audit_names names;
	size_t path_length; /* of its own path, in walk->path */
};

struct audit_walk {
	bool cross_device;
	bool started;
	const struct audit_region *regions;
	char *path; /* of what is looked at now */
	size_t path_room;
	struct frame *frames;
	size_t depth, room;
	struct audit_directory parent; /* of a start that is a file */
	struct cow_error error;
};

static void close_directory(struct audit_directory *directory)
{
	if (directory->fd >= 0)
		close(directory->fd);
	directory->fd = -1;
}

void audit_walk_free(struct audit_walk *walk)
{
	if (!walk)
		return;
	for (size_t i = 0; i < walk->depth; i++) {
		close_directory(&walk->frames[i].directory);
		audit_names_free(&walk->frames[i].names);
	}
	close_directory(&walk->parent);
	free(walk->frames);
	free(walk->path);
	free(walk);
}

int audit_walk_new(const char *start, bool cross_device, const struct audit_region *regions,
		   struct audit_walk **ret, struct cow_error *err)
{
	struct audit_walk *walk = calloc(1, sizeof(*walk));
	size_t length = strlen(start);

	if (walk)
		walk->path = strdup(start);
	if (!walk || !walk->path) {
		free(walk);
		return base_fail(err, ENOMEM, "audit %s", BASE_QUOTE(start));
	}
	while (length > 1 && walk->path[length - 1] == '/')
		walk->path[--length] = '\0';
	walk->path_room = length + 1;
	walk->cross_device = cross_device;
	walk->regions = regions;
	walk->parent.fd = -1;
	*ret = walk;
	return 0;
}

/* Make walk->path the path of `name` in the directory whose own path is `length` bytes long. */
static int set_path(struct audit_walk *walk, size_t length, const char *name)
{
	bool slash = length > 0 && walk->path[length - 1] != '/';
	size_t needed = length + slash + strlen(name) + 1;

	if (needed > walk->path_room) {
		char *path = realloc(walk->path, needed * 2);

		if (!path)
			return -ENOMEM;
		walk->path = path;
		walk->path_room = needed * 2;
	}
	if (slash)
		walk->path[length++] = '/';
	strcpy(walk->path + length, name);
	return 0;
}

int audit_identify(int dirfd, const char *name, int flags, struct audit_directory *ret)
{
	struct statx stx;

	if (statx(dirfd, name, flags | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
		  STATX_TYPE | STATX_INO | STATX_MNT_ID, &stx) < 0)
		return -errno;
	if (!(stx.stx_mask & STATX_MNT_ID))
		return -EOPNOTSUPP;
	*ret = (struct audit_directory){
		.fd = -1,
		.mount = stx.stx_mnt_id,
		.device = (uint64_t)stx.stx_dev_major << 32 | stx.stx_dev_minor,
		.inode = stx.stx_ino,
	};
	return 0;
}

bool audit_is_same(const struct audit_directory *a, const struct audit_directory *b)
{
	return a->mount == b->mount && a->device == b->device && a->inode == b->inode;
}

static int make_room(struct audit_walk *walk)
{
	size_t wanted = walk->room ? walk->room * 2 : 16;
	void *frames;

	if (walk->depth < walk->room)
		return 0;
	frames = reallocarray(walk->frames, wanted, sizeof(*walk->frames));
	if (!frames)
		return -ENOMEM;
	walk->frames = frames;
	walk->room = wanted;
	return 0;
}

/* Go into an open directory, which is taken over; its path is walk->path. */
static int enter(struct audit_walk *walk, const struct audit_directory *directory)
{
	struct frame frame = {.directory = *directory, .path_length = strlen(walk->path)};
	int r = make_room(walk);

	if (r < 0) {
		close_directory(&frame.directory);
		return r;
	}
	r = audit_names_read(&frame.names, frame.directory.fd);
	if (walk->depth >= OPEN_MAX_DIRECTORIES)
		close_directory(&walk->frames[walk->depth - OPEN_MAX_DIRECTORIES].directory);
	walk->frames[walk->depth++] = frame;
	return r;
}

/* @return 0, also when there is nothing to go into (any more). */
static int enter_name(struct audit_walk *walk, const struct audit_directory *above,
		      const char *name)
{
	struct audit_directory directory = {0};
	int r = audit_identify(above->fd, name, AT_SYMLINK_NOFOLLOW, &directory);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (directory.mount != above->mount && !walk->cross_device)
		return 0;
	directory.region = audit_region_find(walk->regions, directory.device, directory.inode);
	if (!directory.region)
		directory.region = above->region;
	directory.fd = base_open_quietly(above->fd, name, DIRECTORY_FLAGS);
	if (directory.fd == -ENOENT || directory.fd == -ENOTDIR || directory.fd == -ELOOP)
		return 0;
	return directory.fd < 0 ? directory.fd : enter(walk, &directory);
}

/* Leave the directory on top. */
static int leave(struct audit_walk *walk)
{
	struct frame *frame = &walk->frames[walk->depth - 1];
	struct audit_directory *above = walk->depth > 1 ? &frame[-1].directory : NULL;
	struct audit_directory now = {0};
	int r = 0;

	if (above && above->fd < 0) {
		above->fd = base_open_quietly(frame->directory.fd, "..", DIRECTORY_FLAGS);
		r = above->fd < 0 ? above->fd : audit_identify(above->fd, "", AT_EMPTY_PATH, &now);
		if (r == 0 && !audit_is_same(&now, above))
			r = -ESTALE;
	}
	walk->path[above ? frame[-1].path_length : frame->path_length] = '\0';
	close_directory(&frame->directory);
	audit_names_free(&frame->names);
	walk->depth--;
	return r;
}

static int give_error(struct audit_walk *walk, int error, const char *verb, struct audit_entry *ret)
{
	base_fail(&walk->error, -error, "%s %s", verb, BASE_QUOTE(walk->path));
	*ret = (struct audit_entry){.path = walk->path, .error = &walk->error};
	return 1;
}

/* The directory was moved while we were deep below it, so the way back is lost. */
static int give_up(struct audit_walk *walk, int error, struct audit_entry *ret)
{
	int r = give_error(walk, error, "go back to directory", ret);

	while (walk->depth > 0) {
		struct frame *frame = &walk->frames[--walk->depth];

		close_directory(&frame->directory);
		audit_names_free(&frame->names);
	}
	return r;
}

/* The start is a file: what surrounds it is the directory it really is in. */
static int give_file(struct audit_walk *walk, struct audit_entry *ret)
{
	BASE_CLEANUP(free) char *real = realpath(walk->path, NULL);
	char *slash = real ? strrchr(real, '/') : NULL;
	size_t length = strlen(walk->path);
	const char *above = slash == real ? "/" : real;
	int r, fd;

	if (!slash)
		return give_error(walk, -errno, "resolve", ret);
	*slash = '\0';
	fd = base_open_quietly(AT_FDCWD, above, DIRECTORY_FLAGS);
	/* It may be searched but not listed: then its flags stay unknown. */
	if (fd == -EACCES && (fd = open(above, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
		fd = -errno;
	if (fd < 0)
		return give_error(walk, fd, "open the directory of", ret);
	r = audit_identify(fd, "", AT_EMPTY_PATH, &walk->parent);
	walk->parent.fd = fd;
	walk->parent.region = audit_region_above(walk->regions, fd);
	if (r < 0)
		return give_error(walk, r, "look at the directory of", ret);
	/* The resolved name goes behind the path that is shown. */
	r = set_path(walk, length, slash + 1);
	if (r < 0)
		return r;
	walk->path[length] = '\0';
	*ret = (struct audit_entry){.path = walk->path,
				    .directory = &walk->parent,
				    .name = walk->path + length + 1,
				    .named = true};
	return 1;
}

/* @return 1 an entry, 0 go on, -ENOMEM. */
static int start(struct audit_walk *walk, struct audit_entry *ret)
{
	BASE_CLEANUP(fd) int fd = open(walk->path, O_PATH | O_CLOEXEC);
	struct audit_directory directory = {0};
	struct stat st;
	int r;

	walk->started = true;
	if (fd < 0 || fstat(fd, &st) < 0)
		return give_error(walk, -errno, "open", ret);
	if (S_ISREG(st.st_mode))
		return give_file(walk, ret);
	if (!S_ISDIR(st.st_mode)) {
		base_fail_code(&walk->error, 0, COW_CODE_USAGE,
			       "%s is neither a regular file nor a directory",
			       BASE_QUOTE(walk->path));
		*ret = (struct audit_entry){.path = walk->path, .error = &walk->error};
		return 1;
	}
	r = audit_identify(fd, "", AT_EMPTY_PATH, &directory);
	if (r == 0)
		r = directory.fd = base_open_quietly(fd, ".", DIRECTORY_FLAGS);
	if (r >= 0) {
		directory.region = audit_region_above(walk->regions, directory.fd);
		r = enter(walk, &directory);
	}
	return r < 0 && r != -ENOMEM ? give_error(walk, r, "read directory", ret) : r;
}

/* One step. @return 1 an entry, 0 nothing to tell, -ENOMEM. */
static int step(struct audit_walk *walk, struct audit_entry *ret)
{
	struct frame *frame = &walk->frames[walk->depth - 1];
	struct audit_names *names = &frame->names;
	const struct dirent *entry;
	int r;

	if (names->next == names->count) {
		r = leave(walk);
		return r < 0 ? give_up(walk, r, ret) : 0;
	}
	entry = names->entries[names->next++];
	r = set_path(walk, frame->path_length, entry->d_name);
	if (r < 0)
		return r;
	switch (audit_names_type(entry, frame->directory.fd)) {
	case DT_DIR:
		r = enter_name(walk, &frame->directory, entry->d_name);
		return r < 0 && r != -ENOMEM ? give_error(walk, r, "read directory", ret) : r;
	case DT_REG:
		*ret = (struct audit_entry){
			.path = walk->path, .directory = &frame->directory, .name = entry->d_name};
		return 1;
	default:
		return 0;
	}
}

int audit_walk_next(struct audit_walk *walk, struct audit_entry *ret, struct cow_error *err)
{
	int r = walk->started ? 0 : start(walk, ret);

	while (r == 0 && walk->depth > 0)
		r = step(walk, ret);
	return r < 0 ? base_fail(err, -r, "audit %s", BASE_QUOTE(walk->path)) : r;
}

const char *audit_walk_more(struct audit_walk *walk)
{
	struct audit_names *names = walk->depth ? &walk->frames[walk->depth - 1].names : NULL;

	if (!names || names->next == names->count || names->entries[names->next]->d_type != DT_REG)
		return NULL;
	return names->entries[names->next++]->d_name;
}

const char *audit_walk_path(struct audit_walk *walk, const char *name)
{
	size_t length = walk->frames[walk->depth - 1].path_length;

	return set_path(walk, length, name) < 0 ? NULL : walk->path;
}
