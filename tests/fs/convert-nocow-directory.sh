#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# In a NOCOW directory files are born NOCOW: going on to CoW has to undo that. A subvolume in there is
# a directory of its own, without the flag.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
require btrfs
make_fs btrfs b
mkdir "$T/b/d"
chattr +C "$T/b/d"
make_image "$T/b/d/v.raw" 1M
expect_converted on "$T/b/d/v.raw"
expect_converted off "$T/b/d/v.raw"
is_nocow "$T/b/d" || fail "the directory was changed"

btrfs -q subvolume create "$T/b/d/s"
make_image "$T/b/d/s/v.raw" 1M
! is_nocow "$T/b/d/s/v.raw" || fail "a subvolume inherits the flag now"
expect_converted off "$T/b/d/s/v.raw"
