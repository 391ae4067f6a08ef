#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# During a conversion readers come and go freely, as libvirt does when it looks at its volumes. A
# writer has the right of way: it gets in, and the conversion is given up.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
require strace
make_fs btrfs b
cd "$T/b"
make_image v.raw 4M
before=$(sum_of v.raw)

convert_held v.raw
expect_equal "$(sum_of v.raw)" "$before" "what a reader sees"
dd if=v.raw iflag=nonblock of=/dev/null bs=1M status=none || fail "a reader that doesn't wait is refused"
expect_status 2 cowctl convert v.raw # a second conversion is a passer-by as well
expect_err "in use by 'cowctl'"
convert_go 0
expect_equal "$(sum_of v.raw)" "$before" content
is_nocow v.raw || fail "not NOCOW"

# The writer waits in open() until the conversion notices.
make_image w.raw 4M
inode=$(stat -c %i w.raw)
convert_held w.raw
printf new | dd of=w.raw conv=notrunc status=none &
until grep -q "LEASE *BREAKING .*:$inode " /proc/locks; do [ -e "/proc/$!" ]; done
convert_go 2
wait "$!"
expect_text "$T/converter" "'w.raw' is in use"
expect_equal "$(stat -c %i w.raw)" "$inode" inode
expect_equal "$(head -c 3 w.raw)" new "what was written"
! is_nocow w.raw || fail "it was converted all the same"
expect_equal "$(ls -A)" $'v.raw\nw.raw' "what is there"
