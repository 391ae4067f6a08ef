#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# K14: a write lease is granted only while nobody else has the file open, a read lease only while
# nobody has it open for writing; a loop device counts.
. "$(dirname "$0")/../lib.sh"
need_root
make_fs btrfs b
make_image "$T/b/image" 1M
# lease F_RDLCK|F_WRLCK: ask for one on a descriptor of our own
lease() {
	python3 - "$T/b/image" "$1" <<-'END'
		import fcntl, os, sys
		fd = os.open(sys.argv[1], os.O_RDONLY)
		fcntl.fcntl(fd, fcntl.F_SETLEASE, getattr(fcntl, sys.argv[2]))
	END
}
lease F_RDLCK
lease F_WRLCK
exec 3<"$T/b/image"
lease F_RDLCK
expect_status 1 lease F_WRLCK
expect_err "Resource temporarily unavailable"
exec 3<&-
exec 3<>"$T/b/image"
expect_status 1 lease F_RDLCK
exec 3<&-
device=$(losetup --find --show "$T/b/image")
expect_status 1 lease F_RDLCK
losetup --detach "$device"
lease F_WRLCK
