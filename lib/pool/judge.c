/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <cow/attr.h>

#include "base/error.h"
#include "base/fd.h"
#include "pool/judge.h"

DEFINE_CLEANUP(probe, struct cow_probe *, cow_probe_free, NULL)

enum cow_compliance pool_judge(const struct cow_probe *probe, const struct cow_decision *decision)
{
	switch (decision->action) {
	case COW_ACTION_LEAVE:
		return probe->cow_switch == COW_SWITCH_NOT_NEEDED ? COW_COMPLIANCE_NOT_APPLICABLE
								  : COW_COMPLIANCE_OK;
	case COW_ACTION_SET_NOCOW:
	case COW_ACTION_CLEAR_NOCOW:
	case COW_ACTION_REFUSE:
		return COW_COMPLIANCE_DRIFTED;
	case COW_ACTION_UNKNOWN:
		break;
	}
	return COW_COMPLIANCE_UNKNOWN;
}

static int enforce(int fd, enum cow_policy policy, struct cow_decision *ret, struct cow_error *err)
{
	BASE_CLEANUP(probe) struct cow_probe *before = NULL, *after = NULL;
	struct cow_decision left;
	int r = cow_probe_new(BASE_FD_PATH(fd), 0, &before, err);

	if (r < 0)
		return r;
	cow_policy_decide(policy, before, ret);
	r = cow_decision_apply(ret, fd, err);
	if (r < 0 || (ret->action != COW_ACTION_SET_NOCOW && ret->action != COW_ACTION_CLEAR_NOCOW))
		return r;
	/* The flag reads back by now; what counts is what a new file here gets. */
	r = cow_probe_new(BASE_FD_PATH(fd), 0, &after, err);
	if (r < 0)
		return r;
	cow_policy_decide(policy, after, &left);
	if (left.action != COW_ACTION_LEAVE)
		return base_refuse(err, EOPNOTSUPP, COW_CODE_NOT_HONOURED,
				   "the policy was applied but new files don't follow it: %s",
				   left.reason);
	return 0;
}

int pool_enforce(int fd, const struct cow_pool *pool, struct cow_decision *ret,
		 struct cow_error *err)
{
	struct cow_error cause = {0};
	int r = enforce(fd, pool->policy, ret, &cause);

	return r < 0 ? base_fail_in(err, r, &cause, "directory %s", BASE_QUOTE(pool->path)) : r;
}

struct count {
	bool nocow, directories;
	struct pool_reach *reach;
};

static void count_directory(int fd, const struct count *count, int depth);

/* Deeper than this is not gone: each level holds a descriptor. */
#define DEPTH_MAX 128

static void count_entry(int dirfd, const char *name, const struct count *count, int depth)
{
	BASE_CLEANUP(fd) int fd = -1;
	uint32_t flags = 0;
	struct stat st;
	int r = 0;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		r = -errno;
	else if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return; /* has no flag */
	/* O_NONBLOCK: never wait, neither for a FIFO put there meanwhile nor for a lease. */
	if (r == 0)
		fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (r == 0)
		r = fd < 0 ? -errno : cow_attr_get(fd, &flags, NULL);
	if (r < 0) {
		count->reach->unknown += r != -ENOENT;
		return;
	}
	if (count->directories || S_ISREG(st.st_mode))
		count->reach->unreached += !!(flags & COW_ATTR_NOCOW) != count->nocow;
	if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
		count_directory(base_take_fd(&fd), count, depth + 1);
	else if (S_ISDIR(st.st_mode))
		count->reach->unknown++;
}

/* Takes the descriptor over. */
static void count_directory(int fd, const struct count *count, int depth)
{
	DIR *stream = fdopendir(fd);
	const struct dirent *entry;

	if (!stream) {
		count->reach->unknown++;
		close(fd);
		return;
	}
	while ((errno = 0, entry = readdir(stream)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			count_entry(dirfd(stream), entry->d_name, count, depth);
	if (errno)
		count->reach->unknown++;
	closedir(stream);
}

void pool_count_unreached(int fd, bool nocow, bool directories, struct pool_reach *ret)
{
	const struct count count = {nocow, directories, ret};
	int own = base_fd_reopen(fd, O_RDONLY | O_DIRECTORY);

	if (own < 0)
		ret->unknown++;
	else
		count_directory(own, &count, 0);
}
