/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/error.h"
#include "base/fd.h"
#include "probe/own.h"

#define SIZE 8

/* Of so many bytes of it, or of none. */
static enum cow_policy policy_of(char text[SIZE], ssize_t n)
{
	if (n < 0)
		return COW_POLICY_UNKNOWN;
	text[n] = '\0';
	return cow_policy_from_name(text);
}

enum cow_policy probe_own_policy(int fd)
{
	char text[SIZE];

	return policy_of(text, fgetxattr(fd, PROBE_OWN_POLICY, text, SIZE - 1));
}

enum cow_policy probe_own_policy_at(int dirfd, const char *name)
{
	BASE_CLEANUP(fd) int fd = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	char text[SIZE];

	if (fd < 0)
		return COW_POLICY_UNKNOWN;
	return policy_of(text, getxattr(BASE_FD_PATH(fd), PROBE_OWN_POLICY, text, SIZE - 1));
}

int probe_set_own_policy(int fd, enum cow_policy policy, const char *name, struct cow_error *err)
{
	const char *text = cow_policy_name(policy);

	if (fsetxattr(fd, PROBE_OWN_POLICY, text, strlen(text), 0) < 0)
		return base_fail(err, errno, "note the policy of its own on %s", BASE_QUOTE(name));
	if (probe_own_policy(fd) == policy)
		return 0;
	return base_refuse(err, EIO, COW_CODE_NOT_HONOURED,
			   "the policy of its own of %s does not read back", BASE_QUOTE(name));
}
