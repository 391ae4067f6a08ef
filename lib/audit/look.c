/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <linux/stat.h>
#include <sys/stat.h>

#include <cow/convert.h>

#include "audit/look.h"
#include "audit/place.h"
#include "base/fd.h"
#include "base/text.h"
#include "probe/own.h"

/* A disk is made of 512-byte sectors, and one below this size holds no guest. */
#define SECTOR       512
#define RAW_MIN_SIZE (1 << 20)

static int fail(struct audit_look *look, int error, const char *verb)
{
	look->verb = verb;
	return error;
}

static bool is_image(const struct audit_look *look, bool every)
{
	if (every)
		return true;
	if (look->header.format != COW_FORMAT_RAW)
		return look->header.format != COW_FORMAT_UNKNOWN;
	return look->size >= RAW_MIN_SIZE && look->size % SECTOR == 0;
}

/* @return 1 a regular file, 0 something else, or -errno. */
static int read_inode(int dirfd, const char *name, int flags, struct audit_look *look)
{
	struct statx stx;

	if (statx(dirfd, name, flags, STATX_TYPE | STATX_SIZE | STATX_BLOCKS, &stx) < 0)
		return -errno;
	look->size = stx.stx_size;
	look->allocated = stx.stx_blocks * 512;
	look->compress = stx.stx_attributes & STATX_ATTR_COMPRESSED;
	return S_ISREG(stx.stx_mode);
}

/* How the file stands in its filesystem. Not knowing is an answer, with its reason. */
void audit_look_state(int fd, const struct audit_place *place, struct cow_file_state *state)
{
	struct cow_error error = place->error;
	struct cow_stack *own = NULL;
	const struct cow_layer *top = place->top;
	int r = top ? 0 : -1;

	/* In an overlay it is a matter of each file in which of the directories it lies. */
	if (top && cow_layer_detail(top, "in_upper")) {
		r = cow_stack_new(fd, &own, &error);
		top = r == 0 ? cow_stack_top(own) : NULL;
	}
	if (r == 0)
		r = cow_file_state_read(fd, top, state, &error);
	if (r < 0) {
		*state = (struct cow_file_state){0};
		base_copy(state->reason, sizeof(state->reason), error.message);
	}
	cow_stack_free(own);
}

static int look_at(const struct audit_directory *directory, bool every, struct audit_look *look)
{
	BASE_CLEANUP(fd) int fd = -1;
	int r;

	if (base_starts(look->name, COW_CONVERT_TEMP_PREFIX)) {
		look->leftover = true;
		look->own = probe_own_policy_at(directory->fd, look->name);
		r = read_inode(directory->fd, look->name, AT_SYMLINK_NOFOLLOW, look);
		return r == -ENOENT ? 0 : r < 0 ? fail(look, r, "look at") : r;
	}
	fd = base_open_quietly(directory->fd, look->name, O_RDONLY | O_NOFOLLOW);
	/* Deleted, or replaced by a symlink, since its directory was read. */
	if (fd == -ENOENT || fd == -ELOOP)
		return 0;
	if (fd < 0)
		return fail(look, fd, "open");
	r = read_inode(fd, "", AT_EMPTY_PATH, look);
	if (r < 0)
		return fail(look, r, "look at");
	if (r == 0 || (!look->size && !every))
		return 0;
	/* A few blocks far from each other: reading ahead of each would fill the page cache with
	 * what nobody asked for. It concerns this descriptor only. */
	posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
	r = cow_header_read(fd, &look->header, NULL);
	if (r < 0)
		return fail(look, r, "read");
	if (!is_image(look, every))
		return 0;
	look->own = probe_own_policy(fd);
	audit_look_state(fd, directory->place, &look->state);
	return 1;
}

void audit_look(struct base_lot *lot, size_t i)
{
	struct audit_looks *looks = (struct audit_looks *)lot;

	looks->looks[i].result = look_at(looks->directory, looks->every, &looks->looks[i]);
}

void audit_looks_clear(struct audit_looks *looks)
{
	for (size_t i = 0; i < looks->lot.count; i++)
		cow_header_clear(&looks->looks[i].header);
	looks->lot.count = looks->done = 0;
}
