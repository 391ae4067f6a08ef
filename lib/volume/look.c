/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One look at one volume. Many are looked at at once: nothing here belongs to another one. */
#include <fcntl.h>
#include <linux/stat.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <cow/attr.h>

#include "audit/judge.h"
#include "audit/look.h"
#include "base/error.h"
#include "base/text.h"
#include "image/chain.h"
#include "image/extents.h"
#include "pool/judge.h"
#include "volume/volume.h"

#define LABEL_MAX 1024

struct look {
	struct volume_place *place;
	struct volume_made *made;
	bool whole;
	uint64_t mount;
};

/* What can't be had is the volume's problem. Without memory for the text it still has one. */
static void fail(struct volume_made *made, int error, const char *doing)
{
	/* to whoever asks for it: gone, or not there for long enough */
	if (error == -ENOENT && !made->volume.symlink) {
		made->gone = true;
		return;
	}
	made->problem = base_format("%s: %s", doing, strerrordesc_np(-error));
	made->volume.problem = made->problem ? made->problem : doing;
}

static struct cow_time time_of(struct statx_timestamp time)
{
	return (struct cow_time){.seconds = time.tv_sec, .nanoseconds = time.tv_nsec};
}

/* @return 0, or -errno. */
static int read_inode(int dirfd, const char *name, int flags, struct look *look, mode_t *ret_type)
{
	struct cow_volume *volume = &look->made->volume;
	struct statx stx;

	if (statx(dirfd, name, flags, STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID, &stx) < 0)
		return -errno;
	*ret_type = stx.stx_mode & S_IFMT;
	look->mount = stx.stx_mnt_id;
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
static int open_target(const struct look *look)
{
	const char *name = look->made->volume.name;
	BASE_CLEANUP(fd) int fd = openat(look->place->fd, name, O_PATH | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) ? base_fd_reopen(fd, O_RDONLY) : -EINVAL;
}

/* @return fd or -errno, and what it is. */
static int open_volume(struct look *look, mode_t *ret_type)
{
	const char *name = look->made->volume.name;
	BASE_CLEANUP(fd) int fd = -1;
	int r = read_inode(look->place->fd, name, AT_SYMLINK_NOFOLLOW, look, ret_type);

	if (r < 0)
		return r;
	if (S_ISREG(*ret_type) || S_ISDIR(*ret_type))
		return base_open_quietly(look->place->fd, name, O_RDONLY | O_NOFOLLOW);
	if (!S_ISLNK(*ret_type))
		return -ENOENT; /* a device, a socket: no volume */
	look->made->volume.symlink = true;
	fd = open_target(look);
	if (fd < 0)
		return fd;
	r = read_inode(fd, "", AT_EMPTY_PATH, look, ret_type);
	return r < 0 ? r : base_take_fd(&fd);
}

/* What a list looks at, so that a pool of scattered images takes no longer than any other. */
#define PIECES_MAX 256

static int count_piece(const struct fiemap_extent *extent, void *data)
{
	unsigned *count = data;

	(void)extent;
	return ++*count > PIECES_MAX ? -E2BIG : 0;
}

static bool is_scattered(int fd)
{
	unsigned count = 0;

	return image_extents_each(fd, 0, UINT64_MAX, count_piece, &count) == -E2BIG;
}

/* What follows from the flag alone. */
static void infer_state(int fd, const struct cow_layer *top, struct cow_file_state *state)
{
	uint32_t flags = 0;

	if (cow_attr_get(fd, &flags, NULL) == 0)
		state->nocow = flags & COW_ATTR_NOCOW ? COW_ANSWER_YES : COW_ANSWER_NO;
	if (state->nocow == COW_ANSWER_NO && top->cow_switch == COW_SWITCH_ATTRIBUTE) {
		state->overwrite = COW_OVERWRITE_COPIED;
		state->evidence = COW_EVIDENCE_REPORTED;
		base_copy(state->reason, sizeof(state->reason), "NOCOW is not set");
	} else if (state->nocow == COW_ANSWER_YES || top->cow_switch == COW_SWITCH_NOT_NEEDED) {
		state->overwrite = COW_OVERWRITE_IN_PLACE;
		state->evidence = COW_EVIDENCE_INFERRED;
		base_copy(state->reason, sizeof(state->reason),
			  "in so many pieces that a list doesn't look whether some are shared");
	}
}

static void take_reason(struct volume_made *made, const char *reason)
{
	made->reason = strdup(reason);
	made->volume.reason = made->reason ? made->reason : "";
}

static void look_at_state(const struct look *look, int fd, const struct audit_place *place)
{
	struct cow_volume *volume = &look->made->volume;
	enum cow_policy policy = look->place->pool->policy;
	struct cow_file_state state = {0};
	struct cow_audit_item item = {.format = volume->format};

	if (!look->whole && place->top && !cow_layer_detail(place->top, "in_upper") &&
	    is_scattered(fd))
		infer_state(fd, place->top, &state);
	else
		audit_look_state(fd, place, &state);
	volume->nocow = item.nocow = state.nocow;
	volume->overwrite = item.overwrite = state.overwrite;
	volume->evidence = state.evidence;
	take_reason(look->made, state.reason);
	item.effective = audit_judge_policy(policy, place);
	volume->compliance = audit_judge(&item, place->top);
}

static void take_header(struct volume_made *made, struct cow_header *header)
{
	struct cow_volume *volume = &made->volume;
	bool flat = header->format == COW_FORMAT_RAW || header->format == COW_FORMAT_ISO;

	volume->format = header->format;
	volume->format_version = header->version;
	volume->encrypted = header->encrypted;
	volume->capacity = header->virtual_size;
	volume->capacity_known = header->virtual_size || flat ? COW_ANSWER_YES : COW_ANSWER_NO;
	volume->backing_format = header->backing_format;
	if (header->backing)
		made->backing = image_backing_path(made->path, header->backing);
	volume->backing = made->backing;
	if (header->damaged == COW_ANSWER_YES)
		volume->problem = "its header is damaged";
}

static void look_at_file(const struct look *look, int fd, const struct audit_place *place)
{
	struct cow_header header = {0};
	int r;

	look->made->volume.type = COW_VOLUME_TYPE_FILE;
	/* A few blocks far from each other: reading ahead of each would fill the page cache. */
	posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
	r = cow_header_read(fd, &header, NULL);
	if (r < 0) {
		fail(look->made, r, "read its header");
		return;
	}
	take_header(look->made, &header);
	cow_header_clear(&header);
	look_at_state(look, fd, place);
}

/* What new files in it get is what counts. */
static void look_at_directory(const struct look *look, const struct audit_place *place)
{
	enum cow_policy policy = look->place->pool->policy;
	struct cow_volume *volume = &look->made->volume;

	volume->type = COW_VOLUME_TYPE_DIRECTORY;
	volume->allocation = volume->physical = 0; /* of what is in it nothing is known */
	if (!place->probe) {
		take_reason(look->made, place->error.message);
		return;
	}
	volume->nocow = place->probe->nocow;
	volume->overwrite = place->probe->new_files_overwrite;
	volume->evidence = place->probe->own_evidence;
	volume->compliance = pool_judge(place->probe, &place->decisions[policy]);
	take_reason(look->made, place->decisions[policy].reason);
}

static void read_label(int fd, struct volume_made *made)
{
	char label[LABEL_MAX];
	ssize_t n = fgetxattr(fd, "security.selinux", label, sizeof(label));

	if (n > 0)
		made->label = strndup(label, (size_t)n);
	made->volume.label = made->label;
}

void volume_look(struct volume_place *place, bool whole, struct volume_made *made)
{
	struct look look = {.place = place, .made = made, .whole = whole};
	const struct audit_place *there = place->own;
	mode_t type = 0;
	BASE_CLEANUP(fd) int fd = open_volume(&look, &type);
	int r = 0;

	if (fd < 0) {
		fail(made, fd, "open it");
		return;
	}
	/* One of another kind than the pool's: a subdirectory, or on another filesystem. */
	if (S_ISDIR(type) || look.mount != place->mount)
		r = volume_place_find(place, fd, look.mount, &there);
	if (r < 0)
		fail(made, r, "look at it");
	else if (S_ISREG(type))
		look_at_file(&look, fd, there);
	else if (S_ISDIR(type))
		look_at_directory(&look, there);
	else
		made->gone = true; /* replaced meanwhile */
	if (whole)
		read_label(fd, made);
}
