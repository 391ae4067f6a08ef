/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Flags where no Btrfs is needed; what Btrfs does with them is tested in tests/fs. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <cow/attr.h>

#include "unit.h"

static void devices_are_refused_before_any_ioctl(void)
{
	int fd = open("/dev/null", O_RDONLY);
	struct cow_error err = {0};
	uint32_t flags = 7;

	CHECK_NUMBER(cow_attr_get(fd, &flags, &err), -EINVAL);
	CHECK_NUMBER(flags, 7);
	CHECK_NUMBER(err.code, COW_CODE_USAGE);
	close(fd);
}

static void a_filesystem_without_flags_is_unsupported(void)
{
	int fd = open("/proc/self/status", O_RDONLY);
	struct cow_error err = {0};

	CHECK_NUMBER(cow_attr_set_nocow(fd, true, &err), -ENOTTY);
	CHECK_NUMBER(err.code, COW_CODE_UNSUPPORTED);
	close(fd);
}

static void a_wish_already_met_sets_nothing(void)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY);
	uint32_t flags;

	if (cow_attr_get(fd, &flags, NULL) == 0 && !(flags & COW_ATTR_NOCOW))
		CHECK_NUMBER(cow_attr_set_nocow(fd, false, NULL), 0);
	close(fd);
}

int main(void)
{
	devices_are_refused_before_any_ioctl();
	a_filesystem_without_flags_is_unsupported();
	a_wish_already_met_sets_nothing();
	return unit_status();
}
