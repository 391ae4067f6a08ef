/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A file can be a mount point's source (mount --bind disk.raw /somewhere, as containers do). No
 * lease sees that while it isn't open, and the mount would go on showing the old inode for ever.
 *
 * mountinfo names the source within its filesystem ("root", the 4th field), so only mounts whose
 * root ends in the image's name need to be looked at.
 */
#include <ctype.h>
#include <fcntl.h>
#include <libmount.h>

#include "base/error.h"
#include "base/names.h"
#include "base/text.h"
#include "convert/convert.h"

DEFINE_CLEANUP(table, struct libmnt_table *, mnt_unref_table, NULL)
DEFINE_CLEANUP(iterator, struct libmnt_iter *, mnt_free_iter, NULL)

/* A look at all mounts, until `each` says that it is enough; `root` is the directory from which the
 * target is seen. */
struct look {
	bool (*each)(struct libmnt_fs *fs, int root, void *data);
	void *data;
	/* Namespaces looked through already: there are many processes and few namespaces. */
	ino_t *seen;
	size_t n, room;
};

static bool look_at_all(const struct look *look, const char *mountinfo, int root)
{
	BASE_CLEANUP(table) struct libmnt_table *table = mnt_new_table_from_file(mountinfo);
	BASE_CLEANUP(iterator) struct libmnt_iter *iterator = mnt_new_iter(MNT_ITER_BACKWARD);
	struct libmnt_fs *fs;

	while (table && iterator && mnt_table_next_fs(table, iterator, &fs) == 0)
		if (look->each(fs, root, look->data))
			return true;
	return false;
}

/* One that there is no memory for is looked through again. */
static void note_seen(struct look *look, ino_t namespace)
{
	size_t room = look->n < look->room ? look->room : 2 * look->room + 16;
	ino_t *seen = reallocarray(look->seen, room, sizeof(*seen));

	if (!seen)
		return;
	look->seen = seen;
	look->room = room;
	look->seen[look->n++] = namespace;
}

static bool is_new(struct look *look, int proc, const char *pid)
{
	BASE_CLEANUP(free) char *path = base_format("%s/ns/mnt", pid);
	struct stat st;

	if (!path || fstatat(proc, path, &st, 0) < 0)
		return false;
	for (size_t i = 0; i < look->n; i++)
		if (look->seen[i] == st.st_ino)
			return false;
	note_seen(look, st.st_ino);
	return true;
}

static bool look_in_process(struct look *look, int proc, const char *pid)
{
	BASE_CLEANUP(free) char *root_path = base_format("%s/root", pid);
	BASE_CLEANUP(free) char *mountinfo = base_format("/proc/%s/mountinfo", pid);
	BASE_CLEANUP(fd) int root = -1;

	if (!root_path || !mountinfo || !is_new(look, proc, pid))
		return false;
	root = openat(proc, root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root >= 0 && look_at_all(look, mountinfo, root);
}

/* This namespace first. */
static bool look_everywhere(bool (*each)(struct libmnt_fs *fs, int root, void *data), void *data)
{
	BASE_CLEANUP(directory) DIR *proc = opendir("/proc");
	struct look look = {.each = each, .data = data};
	const struct dirent *entry;
	bool found = proc && look_in_process(&look, dirfd(proc), "self");

	while (proc && !found && (entry = readdir(proc)))
		found = isdigit((unsigned char)entry->d_name[0]) &&
			look_in_process(&look, dirfd(proc), entry->d_name);
	free(look.seen);
	return found;
}

/* The last part of the source's path within its filesystem, NULL: it is all of that. */
static const char *name_of(struct libmnt_fs *fs)
{
	const char *root = mnt_fs_get_root(fs), *slash = root ? strrchr(root, '/') : NULL;

	return slash && slash[1] ? slash + 1 : NULL;
}

struct wanted {
	const struct stat *st;
	const char *name;
	char *buffer;
	size_t size;
};

static bool is_source(struct libmnt_fs *fs, int root, void *data)
{
	const char *name = name_of(fs), *target = mnt_fs_get_target(fs);
	const struct wanted *wanted = data;

	if (!name || strcmp(name, wanted->name) != 0 || !target || target[0] != '/' ||
	    !convert_is_file(root, target + 1, wanted->st))
		return false;
	base_copy(wanted->buffer, wanted->size, target);
	return true;
}

bool convert_find_mount(const struct stat *st, const char *name, char *buffer, size_t size)
{
	return look_everywhere(is_source, &(struct wanted){st, name, buffer, size});
}

/* Enough only when there is no memory. */
static bool add_name(struct libmnt_fs *fs, int root, void *names)
{
	const char *name = name_of(fs);

	(void)root;
	return name && base_names_add(names, name) < 0;
}

int convert_list_mounted(struct base_names *ret)
{
	ret->size = 0;
	return look_everywhere(add_name, ret) ? -ENOMEM : 0;
}

int convert_check_mount_point(const struct convert *c, struct cow_error *err)
{
	struct statx st;

	if (statx(c->dirfd, c->name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, 0, &st) < 0 ||
	    !(st.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return 0;
	return base_remedy(err,
			   base_refuse(err, EBUSY, COW_CODE_REFUSED,
				       "%s is a mount point: another file is mounted on it",
				       BASE_QUOTE(c->name)),
			   "unmount it first, or name that file where it lies");
}
