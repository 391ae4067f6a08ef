#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Holes cost nothing: they are neither read nor written, whether blocks are shared or copied.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-clone.sh"
need_root
make_fs btrfs b
make_fs xfs x
make_fs ext4 e
cd "$T"

# 20 GiB of nothing, in a filesystem of 512 MiB; cmp of that would take its time
truncate -s 20G b/empty
for to in b x e; do
	expect_status 0 cowctl clone --json b/empty $to/clone
	expect_json '.image | .bytes_copied + .bytes_shared == 0 and .seconds < 1'
	expect_equal "$(stat -c '%s %b' $to/clone)" '21474836480 0' 'size and blocks'
done
expect_json '.image.bytes_holes == 21474836480'

# data at the beginning, in the middle and at an odd end
make_image b/sparse 1M
truncate -s 64M b/sparse
fragment b/sparse 10
printf end >>b/sparse
sync b/sparse
for to in b x e; do
	expect_cloned copied b/sparse $to/sparse2
	expect_json '.image | .bytes_copied + .bytes_holes == 67108867'
	expect_json '.image | .bytes_copied >= 1048576 and .bytes_copied < 4194304'
	[ "$(stat -c %b $to/sparse2)" -lt 8192 ] || fail "holes are filled on $to"
done

# nothing at all
: >b/nothing
expect_status 0 cowctl clone b/nothing b/nothing2
expect_equal "$(stat -c %s b/nothing2)" 0

# what there is no room for is not half there
make_image e/large 200M
FS_SIZE=128M make_fs ext4 small
for option in --dry-run --reflink=auto; do
	expect_not_cloned 2 small $option e/large small
	expect_err "clone 'e/large' as 'small/large': the copy of 'large' needs 20" 'No space left' '(make room)'
done
expect_not_cloned 2 small --json e/large small
expect_json '.error.message | startswith("clone \u0027e/large\u0027 as \u0027small/large\u0027")'
fallocate -l $(($(stat -f -c '%a * %S' small) - (4 << 20))) small/fill
expect_cloned copied b/sparse small
