/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <libmount.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "stack/mount.h"

DEFINE_CLEANUP(table, struct libmnt_table *, mnt_unref_table, NULL)
DEFINE_CLEANUP(iterator, struct libmnt_iter *, mnt_free_iter, NULL)

/* st_dev is of no use here: on Btrfs it is anonymous, differs per subvolume, and is not the one in
 * mountinfo. The mount id is exact (K12). Before Linux 5.8 only fdinfo tells it. */
static int read_mount_id(const struct stack_edge *edge, int fd, int *ret_id)
{
	BASE_CLEANUP(free) char *path = NULL;
	BASE_CLEANUP(free) char *text = NULL;
	struct statx sx;
	const char *line;

	if (edge->mount_id)
		return edge->mount_id(edge, fd, ret_id);
	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &sx) == 0 &&
	    (sx.stx_mask & STATX_MNT_ID)) {
		*ret_id = (int)sx.stx_mnt_id;
		return 0;
	}
	path = base_format("proc/self/fdinfo/%d", fd);
	if (!path)
		return -ENOMEM;
	text = stack_read(edge->root, path);
	line = text ? strstr(text, "mnt_id:") : NULL;
	return line && sscanf(line, "mnt_id: %d", ret_id) == 1 ? 0 : -ENOENT;
}

static char *copy(const char *text)
{
	return strdup(text ? text : "");
}

static int take(struct libmnt_fs *fs, struct stack_mount *ret)
{
	struct stack_mount mount = {
		.type = copy(mnt_fs_get_fstype(fs)),
		.source = copy(mnt_fs_get_source(fs)),
		.target = copy(mnt_fs_get_target(fs)),
		.root = copy(mnt_fs_get_root(fs)),
		.options = copy(mnt_fs_get_options(fs)),
		.device = mnt_fs_get_devno(fs),
		.id = mnt_fs_get_id(fs),
		.parent = mnt_fs_get_parent_id(fs),
	};

	if (!mount.type || !mount.source || !mount.target || !mount.root || !mount.options) {
		stack_mount_clear(&mount);
		return -ENOMEM;
	}
	*ret = mount;
	return 0;
}

int stack_mount_parse(FILE *mountinfo, int id, struct stack_mount *ret)
{
	BASE_CLEANUP(table) struct libmnt_table *table = mnt_new_table();
	BASE_CLEANUP(iterator) struct libmnt_iter *iterator = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs;
	int r;

	if (!table || !iterator)
		return -ENOMEM;
	r = mnt_table_parse_stream(table, mountinfo, "mountinfo");
	if (r < 0)
		return r;
	while (mnt_table_next_fs(table, iterator, &fs) == 0)
		if (mnt_fs_get_id(fs) == id)
			return take(fs, ret);
	return -ENOENT;
}

int stack_mount_find(const struct stack_edge *edge, int fd, struct stack_mount *ret)
{
	int id, r = read_mount_id(edge, fd, &id);

	return r < 0 ? r : stack_mount_find_id(edge, id, ret);
}

int stack_mount_find_id(const struct stack_edge *edge, int id, struct stack_mount *ret)
{
	BASE_CLEANUP(file) FILE *mountinfo = NULL;
	int file = stack_edge_open(edge, "/proc/self/mountinfo", O_RDONLY);

	if (file < 0)
		return file;
	mountinfo = fdopen(file, "r");
	if (!mountinfo) {
		close(file);
		return -ENOMEM;
	}
	return stack_mount_parse(mountinfo, id, ret);
}

int stack_mount_open(const struct stack_edge *edge, const struct stack_mount *mount)
{
	BASE_CLEANUP(fd) int fd = -1;
	int id;

	if (!mount->target || edge->mount_id)
		return -ENOENT;
	fd = stack_edge_open(edge, mount->target, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return fd;
	if (read_mount_id(edge, fd, &id) < 0 || id != mount->id)
		return -ESTALE;
	return base_take_fd(&fd);
}

void stack_mount_clear(struct stack_mount *mount)
{
	free(mount->type);
	free(mount->source);
	free(mount->target);
	free(mount->root);
	free(mount->options);
	*mount = (struct stack_mount){0};
}

char *stack_mount_option(const struct stack_mount *mount, const char *name)
{
	char *value = NULL;
	size_t size = 0;

	if (!mount->options || mnt_optstr_get_option(mount->options, name, &value, &size) != 0)
		return NULL;
	return strndup(value ? value : "", size);
}

bool stack_mount_has(const struct stack_mount *mount, const char *name)
{
	char *value = NULL;
	size_t size = 0;

	return mount->options && mnt_optstr_get_option(mount->options, name, &value, &size) == 0;
}
