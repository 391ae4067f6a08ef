#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# ./demo ends well, as root with all it makes and as anybody with what it finds; it leaves nothing.
. "$(dirname "$0")/../lib.sh"
need_root
require filefrag qemu-io script
mkdir "$T/tmp"
mount -t tmpfs tmpfs /run # the test's own
at_end 'umount /run'
export TMPDIR=$T/tmp
expect_status 0 "$COW_SOURCE/demo" --with "$COW_BUILD"
expect_out "# That was it." "3 drifted" "0 drifted" "Images are identical."
expect_equal "$(ls -A "$T/tmp")" "" "what the demo left behind"
expect_equal "$(find /run -name 'cowctl*')" "" "what it left in /run"

mkdir "$T/home"
cp "$COW_SOURCE/demo" "$T/home/demo"
cd "$T/home"
expect_status 0 as_nobody "$T/home/demo" --with "$T/.build"
expect_out "# Not root" "cowctl probe $T/home"
