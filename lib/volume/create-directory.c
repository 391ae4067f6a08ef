/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A subdirectory is made under a hidden name, and gets its own when the policy holds in it. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cow/attr.h>

#include "base/error.h"
#include "base/temp.h"
#include "base/text.h"
#include "image/wish.h"
#include "pool/definition.h"
#include "pool/judge.h"
#include "pool/sweep.h"
#include "volume/create.h"

/* As pool build has it for the pool's own directory. */
#define DEFAULT_MODE 0711

static int fill(struct volume_new *new, const char *hidden, struct cow_error *err)
{
	const struct cow_volume_create_options *options = new->options;
	BASE_CLEANUP(fd)
	int fd = openat(new->place->fd, hidden, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const struct cow_pool as = {.path = options->name, .policy = new->created.policy};
	struct cow_decision decision = {0};
	bool moded = options->mode || options->flags & COW_VOLUME_CREATE_MODE;
	uint32_t flags = 0;
	int r = 0;

	if (fd < 0)
		return base_fail(err, errno, "open directory %s", BASE_QUOTE(options->name));
	r = pool_enforce(fd, &as, &decision, err);
	if (r == 0)
		r = volume_set_owner(new, fd, err);
	if (r < 0)
		return r;
	if (fchmod(fd, moded ? options->mode : DEFAULT_MODE) < 0)
		return base_fail(err, errno, "set the mode of %s", BASE_QUOTE(options->name));
	volume_report(new, &decision);
	if (cow_attr_get(fd, &flags, NULL) == 0)
		new->created.nocow = flags &COW_ATTR_NOCOW ? COW_ANSWER_YES : COW_ANSWER_NO;
	return 0;
}

static int put_in_place(const struct volume_new *new, const char *hidden, struct cow_error *err)
{
	int dirfd = new->place->fd;
	const char *name = new->options->name;
	int r = renameat2(dirfd, hidden, dirfd, name, RENAME_NOREPLACE);

	/* NFS, for one, doesn't know the flag. Without it at most an empty directory is replaced.
	 */
	if (r < 0 && errno == EINVAL)
		r = renameat(dirfd, hidden, dirfd, name);
	if (r < 0)
		return base_fail(err, errno, "create %s", BASE_QUOTE(name));
	r = base_sync_directory(dirfd);
	if (r < 0) {
		unlinkat(dirfd, name, AT_REMOVEDIR);
		return base_fail(err, -r, "write the directory of %s to disk", BASE_QUOTE(name));
	}
	return 0;
}

int volume_create_directory(struct volume_new *new, struct cow_error *err)
{
	BASE_CLEANUP(fd) int held = pool_sweep_hold_off(new->place->fd);
	char uuid[POOL_UUID_SIZE], hidden[sizeof(BASE_TEMP_PREFIX) + POOL_UUID_SIZE];
	int r = image_check_name(new->place->fd, new->options->name, err);

	if (r == 0)
		r = pool_uuid_make(uuid, err);
	if (r < 0)
		return r;
	snprintf(hidden, sizeof(hidden), BASE_TEMP_PREFIX "%s", uuid);
	if (mkdirat(new->place->fd, hidden, 0700) < 0)
		return base_fail(err, errno, "create directory %s", BASE_QUOTE(new->options->name));
	r = fill(new, hidden, err);
	if (r == 0 && !(new->options->flags &COW_VOLUME_CREATE_DRY_RUN)) {
		r = put_in_place(new, hidden, err);
		if (r == 0)
			return 0;
	}
	unlinkat(new->place->fd, hidden, AT_REMOVEDIR);
	return r;
}
