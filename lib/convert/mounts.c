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
#include "base/text.h"
#include "convert/convert.h"

DEFINE_CLEANUP(table, struct libmnt_table *, mnt_unref_table, NULL)
DEFINE_CLEANUP(iterator, struct libmnt_iter *, mnt_free_iter, NULL)

static bool ends_in(const char *path, const char *name)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash && !strcmp(slash + 1, name);
}

/* Look through one namespace; `root` is the directory from which its paths are seen. */
static bool find_in(const char *mountinfo, int root, const struct stat *st, const char *name,
		    char *buffer, size_t size)
{
	BASE_CLEANUP(table) struct libmnt_table *table = mnt_new_table_from_file(mountinfo);
	BASE_CLEANUP(iterator) struct libmnt_iter *iterator = mnt_new_iter(MNT_ITER_BACKWARD);
	struct libmnt_fs *fs;

	while (table && iterator && mnt_table_next_fs(table, iterator, &fs) == 0) {
		const char *target = mnt_fs_get_target(fs);

		if (!ends_in(mnt_fs_get_root(fs), name) || !target || target[0] != '/' ||
		    !convert_is_file(root, target + 1, st))
			continue;
		base_copy(buffer, size, target);
		return true;
	}
	return false;
}

/* Namespaces looked through already: there are many processes and few namespaces. */
struct seen {
	ino_t inodes[64];
	size_t n;
};

static bool is_new(struct seen *seen, int proc, const char *pid)
{
	BASE_CLEANUP(free) char *path = base_format("%s/ns/mnt", pid);
	struct stat st;

	if (!path || fstatat(proc, path, &st, 0) < 0)
		return false;
	for (size_t i = 0; i < seen->n; i++)
		if (seen->inodes[i] == st.st_ino)
			return false;
	if (seen->n < BASE_ARRAY_SIZE(seen->inodes))
		seen->inodes[seen->n++] = st.st_ino;
	return true;
}

static bool find_in_process(int proc, const char *pid, const struct stat *st, const char *name,
			    char *buffer, size_t size)
{
	BASE_CLEANUP(free) char *root_path = base_format("%s/root", pid);
	BASE_CLEANUP(free) char *mountinfo = base_format("/proc/%s/mountinfo", pid);
	BASE_CLEANUP(fd) int root = -1;

	if (!root_path || !mountinfo)
		return false;
	root = openat(proc, root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root >= 0 && find_in(mountinfo, root, st, name, buffer, size);
}

bool convert_find_mount(const struct stat *st, const char *name, char *buffer, size_t size)
{
	BASE_CLEANUP(directory) DIR *proc = opendir("/proc");
	struct seen seen = {.n = 0};
	const struct dirent *entry;

	if (!proc)
		return false;
	if (is_new(&seen, dirfd(proc), "self") &&
	    find_in_process(dirfd(proc), "self", st, name, buffer, size))
		return true;
	while ((entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    is_new(&seen, dirfd(proc), entry->d_name) &&
		    find_in_process(dirfd(proc), entry->d_name, st, name, buffer, size))
			return true;
	return false;
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
