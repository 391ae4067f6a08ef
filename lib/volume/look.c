/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One look at one volume. */
#include <fcntl.h>
#include <limits.h>
#include <linux/stat.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/error.h"
#include "base/text.h"
#include "pool/judge.h"
#include "probe/verdict.h"
#include "volume/look.h"

static struct cow_time time_of(struct statx_timestamp time)
{
	return (struct cow_time){.seconds = time.tv_sec, .nanoseconds = time.tv_nsec};
}

/* @return 0, or -errno. */
static int read_inode(int dirfd, const char *name, int flags, struct look *look, mode_t *ret_type)
{
	struct cow_volume *volume = &look->volume;
	struct statx stx;

	if (statx(dirfd, name, flags, STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID, &stx) < 0)
		return -errno;
	*ret_type = stx.stx_mode & S_IFMT;
	look->mount = stx.stx_mnt_id;
	look->inode = stx.stx_ino;
	volume->seen = true;
	volume->physical = stx.stx_size;
	volume->allocation = stx.stx_blocks * 512;
	volume->mode = stx.stx_mode & 07777;
	volume->owner = stx.stx_uid;
	volume->group = stx.stx_gid;
	volume->accessed = time_of(stx.stx_atime);
	volume->modified = time_of(stx.stx_mtime);
	volume->changed = time_of(stx.stx_ctime);
	if (stx.stx_mask & STATX_BTIME)
		volume->born = time_of(stx.stx_btime);
	return 0;
}

/* A device or a FIFO is not opened to find out that it is one: that may wait, or do something.
 * @return fd or -errno, -EINVAL for what is neither file nor directory. */
static int open_target(struct look *look)
{
	BASE_CLEANUP(fd) int fd = openat(look->place->fd, look->name, O_PATH | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
		return base_fd_reopen(fd, O_RDONLY);
	base_copy(look->problem, sizeof(look->problem), "it leads to no file");
	return -EINVAL;
}

/* @return fd or -errno, and what it is. */
static int open_volume(struct look *look, mode_t *type)
{
	BASE_CLEANUP(fd) int fd = -1;
	unsigned tries = 0;
	int r;

	if (!S_ISREG(*type) && !S_ISDIR(*type) && !S_ISLNK(*type))
		return -ENOENT; /* a device, a socket: no volume */
	do
		fd = S_ISLNK(*type) ? open_target(look)
				    : base_open_quietly(look->place->fd, look->name,
							O_RDONLY | O_NOFOLLOW);
	while (fd == -EAGAIN && base_wait_for_others(&tries));
	if (fd < 0)
		return fd;
	/* Of what is open now, whatever had the name before. */
	r = read_inode(fd, "", AT_EMPTY_PATH, look, type);
	return r < 0 ? r : base_take_fd(&fd);
}

/* What new files in it get is what counts. */
static void look_at_directory(struct look *look, int fd, const struct audit_place *place)
{
	const char *apart = volume_place_apart(look->place, fd);
	enum cow_policy policy = look->place->pool->policy;
	struct cow_volume *volume = &look->volume;
	struct cow_file_state state = {0};

	volume->type = COW_VOLUME_TYPE_DIRECTORY;
	volume->allocation = volume->physical = 0; /* of what is in it nothing is known */
	if (!place->probe) {
		base_copy(look->reason, sizeof(look->reason), place->error.message);
		return;
	}
	state.overwrite = place->probe->new_files_overwrite;
	state.evidence = place->probe->own_evidence;
	base_copy(state.reason, sizeof(state.reason), place->decisions[policy].reason);
	probe_fold_below(place->top, &state);
	volume->nocow = place->probe->nocow;
	volume->overwrite = state.overwrite;
	volume->evidence = state.evidence;
	volume->compliance = pool_judge(place->probe, &place->decisions[policy]);
	if (apart)
		volume->compliance = COW_COMPLIANCE_NOT_APPLICABLE;
	base_copy(look->reason, sizeof(look->reason), apart ? apart : state.reason);
}

static void read_label(struct look *look, int fd)
{
	ssize_t n = fgetxattr(fd, "security.selinux", look->label, LOOK_LABEL_MAX);

	look->label[n > 0 ? n : 0] = '\0';
}

/* @return 0, or -errno with what failed; -ENOENT: no volume. */
static int look_into(struct look *look, mode_t type, const char **ret_failed)
{
	const struct audit_place *there = look->place->own;
	BASE_CLEANUP(fd) int fd = open_volume(look, &type);
	int r = 0;

	*ret_failed = "open it";
	if (fd < 0)
		return fd;
	if (!S_ISREG(type) && !S_ISDIR(type))
		return -ENOENT; /* replaced meanwhile */
	if (look->whole)
		read_label(look, fd);
	/* One of another kind than the pool's: a subdirectory, or on another filesystem. */
	if (S_ISDIR(type) || look->mount != look->place->mount)
		r = volume_place_find(look->place, fd, look->mount, &there);
	*ret_failed = "look at it";
	if (r == 0 && S_ISREG(type))
		r = look_at_file(look, fd, there, ret_failed);
	else if (r == 0)
		look_at_directory(look, fd, there);
	return r;
}

/* Where a name of the pool leads, which may be through more symlinks. NULL: out of memory. */
static char *find_end(const struct look *look)
{
	const char *directory = look->place->pool->path;
	char target[PATH_MAX] = "";

	if (look->volume.symlink &&
	    readlinkat(look->place->fd, look->name, target, sizeof(target) - 1) < 0)
		target[0] = '\0';
	if (target[0] == '/')
		return strdup(target);
	return base_format("%s/%s", directory, target[0] ? target : look->name);
}

/* What a symlink leads to, and what is mounted on the name, may be on a filesystem that answers
 * nobody any more: that is one volume with a problem, and keeps no other waiting.
 * @return 0 or -errno. */
static int ask(struct look *look)
{
	BASE_CLEANUP(free) char *path = find_end(look);

	if (!path)
		return -ENOMEM;
	if (base_answers_yet(&look->place->silence, path))
		return 0;
	base_copy(look->problem, sizeof(look->problem), "it does not answer");
	return -ETIMEDOUT;
}

/* @return 1, 0 there is no such volume. */
static int see(struct look *look)
{
	const char *failed = "look at it";
	mode_t type = 0;
	/* A server isn't asked: what is opened is looked at once more, and of what a server has
	 * nothing is recalled. */
	const int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC;
	int r = read_inode(look->place->fd, look->name, flags, look, &type);

	look->volume.symlink = S_ISLNK(type);
	if (r == 0 && (S_ISLNK(type) || look->mount != look->place->mount))
		r = ask(look);
	if (r == 0 && S_ISREG(type) && look_recall(look))
		return 1;
	if (r == 0)
		r = look_into(look, type, &failed);
	/* to whoever asks for it: gone, or not there for long enough */
	if (r == -ENOENT && !look->volume.symlink)
		return 0;
	if (r < 0 && !look->problem[0])
		base_copy_format(look->problem, sizeof(look->problem), "%s: %s", failed,
				 strerrordesc_np(-r));
	return 1;
}

static size_t room_for(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

static const char *put(char **at, const char *text)
{
	char *to = *at;

	if (!text)
		return NULL;
	*at = stpcpy(to, text) + 1;
	return to;
}

/* The same with its texts, which take no more room than they need. */
static struct volume_made *make(const struct look *look)
{
	const char *directory = look->place->pool->path;
	const char *problem = look->problem[0] ? look->problem : NULL;
	const char *label = look->label[0] ? look->label : NULL;
	struct volume_made *made =
		malloc(sizeof(*made) + room_for(directory) + room_for(look->name) +
		       room_for(problem) + room_for(look->written) + room_for(look->backing) +
		       room_for(look->reason) + room_for(label));
	char *at;

	if (!made)
		return NULL;
	*made = (struct volume_made){
		.volume = look->volume,
		.inode = look->inode,
		.facts = look->facts,
		.recalled = look->recalled,
		.keep = look->keep,
	};
	at = made->texts;
	made->volume.path = at;
	at = stpcpy(stpcpy(at, directory), "/");
	made->volume.name = put(&at, look->name);
	made->volume.problem = put(&at, problem);
	made->volume.backing = put(&at, look->backing);
	made->volume.reason = put(&at, look->reason);
	made->volume.label = put(&at, label);
	made->written = put(&at, look->written);
	return made;
}

int volume_look(struct volume_place *place, bool whole, const char *name,
		const struct volume_record *known, struct volume_made **ret)
{
	BASE_CLEANUP(look) struct look look;
	int r;

	/* Not its texts: most of them stay empty. */
	memset(&look, 0, offsetof(struct look, problem));
	look.problem[0] = look.reason[0] = look.label[0] = '\0';
	look.place = place;
	look.name = name;
	look.known = known;
	look.whole = whole;
	r = see(&look);
	if (r > 0)
		*ret = make(&look);
	return r > 0 && !*ret ? -ENOMEM : r;
}

int volume_find(struct volume_place *place, bool whole, const char *name, struct cow_volume **ret,
		struct cow_error *err)
{
	struct volume_made *made = NULL;
	int r = volume_name_check(name, NULL) < 0 ? 0
						  : volume_look(place, whole, name, NULL, &made);

	if (r < 0)
		return base_fail(err, -r, "look at volume %s", BASE_QUOTE(name));
	if (r == 0)
		return volume_fail_to_find(place->pool, name, err);
	*ret = &made->volume;
	return 0;
}
