#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Nothing can be converted in a read-only snapshot or on a read-only mount.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
require btrfs
make_fs btrfs b
btrfs -q subvolume create "$T/b/s"
make_image "$T/b/s/v.raw" 2M
btrfs -q subvolume snapshot -r "$T/b/s" "$T/b/snapshot"
expect_refused "Read-only file system" "$T/b/snapshot/v.raw"
expect_converted off "$T/b/s/v.raw" # what the snapshot shares with it does not matter

make_image "$T/b/w.raw" 1M
mkdir "$T/view"
mount --bind "$T/b" "$T/view"
mount -o remount,bind,ro "$T/view"
expect_refused "Read-only file system" "$T/view/w.raw"
mount -o remount,ro "$T/b"
expect_refused "Read-only file system" "$T/b/w.raw"
