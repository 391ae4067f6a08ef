/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/xattr.h>

#include "base/error.h"
#include "probe/own.h"

enum cow_policy probe_own_policy(int fd)
{
	char text[8];
	ssize_t n = fgetxattr(fd, PROBE_OWN_POLICY, text, sizeof(text) - 1);

	if (n < 0)
		return COW_POLICY_UNKNOWN;
	text[n] = '\0';
	return cow_policy_from_name(text);
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
