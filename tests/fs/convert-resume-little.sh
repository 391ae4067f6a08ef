#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A conversion that is interrupted again and again gets further each time, however little it copies between,
# and needs no more room than at first.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
require strace
FS_SIZE=580M make_fs btrfs b
mkdir "$T/b/d"
image=$T/b/d/v.raw
make_image "$image" 200M

for _ in 1 2 3; do
	interrupt_copy 61 "$image"
done
used() { # KiB of the filesystem, which are more than the files' where parts of extents are in use
	sync -f "$T/b"
	df --output=used "$T/b" | tail -n1
}
[ "$(used)" -lt $((448 << 10)) ] || fail "$(used) KiB are used for two files of 200 MiB"
sync -f "$T/b"
expect_status 0 cowctl convert --dry-run "$image" # which would clear up first
expect_status 0 cowctl convert --dry-run --resume "$image"
expect_converted off "$image" --resume
expect_json '.images[0] | .bytes_copied <= 32 * 1048576 and .verified'
