#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# K17: nodatacow stamps the flag on files made while it is on, on no directory and on no older file.
. "$(dirname "$0")/../lib.sh"
need_root
make_fs btrfs b
touch "$T/b/before"
mount -o remount,nodatacow "$T/b"
touch "$T/b/during"
mkdir "$T/b/directory"
is_nocow "$T/b/during"
for name in before directory; do
	! is_nocow "$T/b/$name" || fail "$name was stamped"
done
mount -o remount,datacow "$T/b"
touch "$T/b/after"
! is_nocow "$T/b/after" || fail "still stamped"
