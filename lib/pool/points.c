/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The directories of a pool, each of which hands its own flags to what is created in it. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cow/attr.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "pool/apart.h"
#include "pool/judge.h"
#include "pool/points.h"
#include "pool/subvolume.h"
#include "probe/own.h"

/* The public part comes first, so one is the other. */
struct point {
	struct cow_pool_point point;
	char *path;
	struct statx stx;
	bool has_flags;
	uint32_t flags; /* by the end */
};

struct walk {
	struct cow_pool_store *store;
	const struct cow_pool *pool;
	unsigned flags;
	struct pool_places places;
	struct cow_pool_point **points; /* NULL-terminated */
	size_t count;
};

/* Deeper than this is not gone: each level holds a descriptor. */
#define DEPTH_MAX 128

COW_EXPORT void cow_pool_points_free(struct cow_pool_point **points)
{
	for (struct cow_pool_point **point = points; point && *point; point++) {
		free(((struct point *)*point)->path);
		free(*point);
	}
	free(points);
}

/* A new one in the list, which owns it and the path; NULL: out of memory. */
static struct point *add_point(struct walk *walk, char *path)
{
	struct cow_pool_point **points =
		reallocarray(walk->points, walk->count + 2, sizeof(struct cow_pool_point *));
	struct point *point = path && points ? calloc(1, sizeof(*point)) : NULL;

	if (points)
		walk->points = points;
	if (!point) {
		free(path);
		return NULL;
	}
	point->path = path;
	point->point.path = path;
	walk->points[walk->count++] = &point->point;
	walk->points[walk->count] = NULL;
	return point;
}

static bool read_flags(int fd, uint32_t *ret)
{
	*ret = 0;
	if (cow_attr_get(fd, ret, NULL) < 0)
		return false;
	*ret &= COW_ATTR_NOCOW | COW_ATTR_COMPRESS | COW_ATTR_NOCOMPRESS;
	return true;
}

/* Flags are all that tells directories of one subvolume apart: with the same ones, what was
 * measured above holds here. */
static bool is_like(const struct point *point, const struct point *above)
{
	return above && !above->point.error.message[0] && point->has_flags == above->has_flags &&
	       point->flags == above->flags &&
	       point->stx.stx_dev_major == above->stx.stx_dev_major &&
	       point->stx.stx_dev_minor == above->stx.stx_dev_minor;
}

static void judge(const struct walk *walk, int fd, struct point *point, const struct point *above)
{
	struct cow_pool_point *public = &point->point;
	bool change = !(walk->flags & COW_POOL_APPLY_CHECK);
	struct pool_verdict verdict = {0};

	public->subvolume = pool_is_subvolume(fd);
	point->has_flags = read_flags(fd, &point->flags);
	if (is_like(point, above)) {
		public->before = public->after = above->point.after;
		public->action = change ? COW_ACTION_LEAVE : above->point.action;
		public->effective = above->point.effective;
		base_copy(public->reason, sizeof(public->reason), "as in the directory above");
		return;
	}
	pool_hold(fd, walk->pool->policy, point->path, change, &verdict, &public->error);
	point->has_flags = read_flags(fd, &point->flags);
	public->before = verdict.before;
	public->after = verdict.after;
	public->action = verdict.decision.action;
	public->effective = verdict.decision.effective;
	base_copy(public->reason, sizeof(public->reason), verdict.decision.reason);
	base_copy(public->warning, sizeof(public->warning), verdict.decision.warning);
}

/* What a file is held against: a policy of its own counts before the pool's. What auto comes to is
 * known of the pool's alone. */
static enum cow_policy policy_of(const struct walk *walk, int fd, const struct point *point)
{
	enum cow_policy own = probe_own_policy(fd);

	if (own == COW_POLICY_AUTO && walk->pool->policy != COW_POLICY_AUTO)
		return COW_POLICY_UNKNOWN;
	return own == COW_POLICY_OFF || own == COW_POLICY_ON ? own : point->point.effective;
}

static void count_file(const struct walk *walk, int dirfd, const char *name, struct point *point)
{
	BASE_CLEANUP(fd) int fd = base_open_quietly(dirfd, name, O_RDONLY | O_NOFOLLOW);
	enum cow_policy policy;
	uint32_t flags = 0;
	int r = fd < 0 ? fd : cow_attr_get(fd, &flags, NULL);

	if (r < 0) {
		point->point.unread += r != -ENOENT;
		return;
	}
	policy = policy_of(walk, fd, point);
	if (policy != COW_POLICY_UNKNOWN)
		point->point.unreached += !!(flags & COW_ATTR_NOCOW) != (policy == COW_POLICY_OFF);
}

/* Shown, and left alone with all that is below. */
static int leave(struct cow_pool_point *point, const char *reason)
{
	point->before = point->after = COW_COMPLIANCE_NOT_APPLICABLE;
	point->action = COW_ACTION_LEAVE;
	base_copy(point->reason, sizeof(point->reason), reason);
	return 0;
}

static int visit_below(struct walk *walk, int fd, struct point *point, int depth);

static int visit_directory(struct walk *walk, int dirfd, const char *name, const struct statx *stx,
			   const struct point *above, int depth)
{
	struct point *point = add_point(walk, base_format("%s/%s", above->path, name));
	BASE_CLEANUP(fd) int fd = -1;
	int r;

	if (!point)
		return -ENOMEM;
	point->stx = *stx;
	if (stx->stx_mnt_id != above->stx.stx_mnt_id) {
		point->point.mounted = true;
		return leave(&point->point, POOL_APART_MOUNT);
	}
	r = pool_places_have(&walk->places, walk->store, stx);
	if (r < 0)
		return r;
	point->point.of_other = r > 0;
	if (point->point.of_other)
		return leave(&point->point, POOL_APART_POOL);
	fd = base_open_quietly(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	if (fd == -ENOENT)
		return leave(&point->point, "it was removed meanwhile");
	if (fd < 0) {
		base_fail(&point->point.error, -fd, "open directory %s", BASE_QUOTE(point->path));
		return 0;
	}
	if (pool_is_read_only(fd)) {
		point->point.subvolume = pool_is_subvolume(fd);
		return leave(&point->point, POOL_APART_READ_ONLY);
	}
	judge(walk, fd, point, above);
	return visit_below(walk, base_take_fd(&fd), point, depth + 1);
}

static int visit_entry(struct walk *walk, int dirfd, const struct dirent *entry,
		       struct point *point, int depth)
{
	bool no_files = walk->flags & COW_POOL_APPLY_DIRECTORIES;
	const char *name = entry->d_name;
	struct statx stx;
	int r;

	if (no_files && entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN)
		return 0;
	r = pool_places_look(dirfd, name, AT_SYMLINK_NOFOLLOW, &stx);
	if (r < 0) {
		point->point.unread += r != -ENOENT;
		return 0;
	}
	if (S_ISDIR(stx.stx_mode))
		return visit_directory(walk, dirfd, name, &stx, point, depth);
	/* Where nothing carries a flag nothing needs one. */
	if (!no_files && S_ISREG(stx.stx_mode) && point->has_flags &&
	    point->point.after != COW_COMPLIANCE_NOT_APPLICABLE)
		count_file(walk, dirfd, name, point);
	return 0;
}

/* Takes the descriptor over. */
static int visit_below(struct walk *walk, int fd, struct point *point, int depth)
{
	BASE_CLEANUP(directory) DIR *stream = base_directory_stream(fd);
	const struct dirent *entry;
	int r = 0;

	if (depth >= DEPTH_MAX)
		errno = ELOOP;
	while (r == 0 && stream && depth < DEPTH_MAX && (errno = 0, entry = readdir(stream)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = visit_entry(walk, dirfd(stream), entry, point, depth);
	if (r == 0 && errno && !point->point.error.message[0])
		base_fail(&point->point.error, errno, "list directory %s", BASE_QUOTE(point->path));
	return r;
}

static int by_path(const void *a, const void *b)
{
	return strcmp((*(struct cow_pool_point *const *)a)->path,
		      (*(struct cow_pool_point *const *)b)->path);
}

static int visit_all(struct walk *walk, int fd)
{
	BASE_CLEANUP(fd) int own = base_fd_reopen(fd, O_RDONLY | O_DIRECTORY);
	struct point *point = add_point(walk, strdup(walk->pool->path));
	int r = own < 0 ? own : 0;

	if (!point)
		return -ENOMEM;
	if (r == 0)
		r = pool_places_look(own, "", AT_EMPTY_PATH, &point->stx);
	if (r < 0)
		return r;
	judge(walk, own, point, NULL);
	if (walk->flags & POOL_POINTS_ALONE)
		return 0;
	return visit_below(walk, base_take_fd(&own), point, 0);
}

int pool_points_visit(struct cow_pool_store *store, int fd, const struct cow_pool *pool,
		      unsigned flags, struct cow_pool_point ***ret, struct cow_error *err)
{
	struct walk walk = {.store = store, .pool = pool, .flags = flags};
	int r = visit_all(&walk, fd);

	pool_places_clear(&walk.places);
	if (r < 0) {
		cow_pool_points_free(walk.points);
		return base_fail(err, -r, "look into directory %s", BASE_QUOTE(pool->path));
	}
	qsort(walk.points, walk.count, sizeof(*walk.points), by_path);
	*ret = walk.points;
	return 0;
}
