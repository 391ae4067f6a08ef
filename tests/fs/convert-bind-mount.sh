#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# An image that is bind-mounted somewhere as a file, as containers do, is refused though nobody has it
# open: the mount would show the old file for ever.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
require strace
make_fs btrfs b
cd "$T/b"
make_image 'v 1.raw' 1M
touch "$T/point"
mount --bind 'v 1.raw' "$T/point"
expect_refused "bind-mounted on '$T/point'" 'v 1.raw'
umount "$T/point"

# the other way round: no names can be exchanged there, and it may lie on another filesystem
mkdir "$T/other"
touch w.raw "$T/other/w.raw"
for point in w.raw "$T/other/w.raw"; do
	mount --bind 'v 1.raw' "$point"
	expect_refused "is a mount point" "$point"
	umount "$point"
done
rm w.raw

# in a mount namespace of somebody else's
mkfifo "$T/ready" "$T/done"
unshare --mount sh -c "mount --bind 'v 1.raw' '$T/point' && echo >'$T/ready' && read -r _ <'$T/done'" &
read -r _ <"$T/ready"
expect_refused "bind-mounted on" 'v 1.raw'
echo >"$T/done"
wait

# while it is copied
convert_held 'v 1.raw'
mount --bind 'v 1.raw' "$T/point"
convert_go 2
expect_text "$T/converter" "bind-mounted on '$T/point'"
umount "$T/point"

expect_status 0 cowctl convert 'v 1.raw'
