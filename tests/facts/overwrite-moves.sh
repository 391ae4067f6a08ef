#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# K6: on Btrfs an overwrite moves the blocks of a file, and leaves those of a NOCOW file where they are.
. "$(dirname "$0")/../lib.sh"
need_root
make_fs btrfs b
touch "$T/b/cow" "$T/b/nocow"
chattr +C "$T/b/nocow"
for name in cow nocow; do
	make_image "$T/b/$name" 1M
	places_of "$T/b/$name" >"$T/$name.before"
	fragment "$T/b/$name" 200
	places_of "$T/b/$name" >"$T/$name.after"
done
cmp "$T/nocow.before" "$T/nocow.after"
! cmp -s "$T/cow.before" "$T/cow.after" || fail "CoW blocks did not move"
