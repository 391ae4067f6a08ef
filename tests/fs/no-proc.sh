#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Without /proc, as in a bare chroot, pools are found all the same, and of an image it is not known how it
# stands: never that it is well, because what was looked at was another filesystem.
. "$(dirname "$0")/../lib.sh"
[ -n "${COW_PLAIN_BUILD:-}" ] || skip "sanitizers need /proc"
without_sanitizers
need_root
require jq
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/run
make_fs btrfs b
mkdir "$T/b/images"
make_image "$T/b/images/image" 1M
expect_status 0 cowctl pool define-as images --session --target "$T/b/images" --cow off

export LD_LIBRARY_PATH=$COW_BUILD/lib # it finds its library by /proc
at_end "umount /proc"
mount -t tmpfs none /proc
expect_status 0 cowctl pool list --session --name
expect_equal "$(cat "$T/out")" images
for operand in images "$T/b/images" "$T/b/images/image"; do
	expect_status 2 cowctl audit --session --json --cow off "$operand"
	expect_json '.images[0].compliance == "unknown" and .summary.ok == 0'
done
