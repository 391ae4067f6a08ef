#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# XFS shares, ext4 and XFS without reflinks copy, and nothing is shared between two filesystems.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-clone.sh"
need_root
make_fs btrfs b
make_fs xfs x
make_fs xfs-noreflink n
make_fs ext4 e
make_fs tmpfs t
make_fs overlay o
cd "$T"
for kind in b x n e t o; do
	make_image $kind/image 1M
	truncate -s 1234567 $kind/image
	sync $kind/image
done

expect_cloned shared x/image x/clone
expect_json '.image | .overwrite == "copied-once" and .nocow == false and .effective == "off"'
expect_cloned shared x/image x/match --match
# but for what was preallocated and never written, which is a hole then
fallocate -l 4M x/reserved
expect_status 0 cowctl clone --json x/reserved x/reserved-too
expect_json '.image | .method == "shared" and .bytes_shared == 0'
for kind in n e t; do
	expect_cloned copied $kind/image $kind/clone
	expect_json '.image.reason | contains("the filesystem can'\''t share blocks")'
	expect_not_cloned 1 $kind --reflink=always $kind/image $kind/none
	expect_err "can't share blocks"
done

# Space is allocated ahead where overwrites will stay in it, and only there.
allocates() {
	ASAN_OPTIONS=detect_leaks=0 strace --quiet=all -f --trace=fallocate -o calls "$COWCTL" clone --reflink=never "$@" >/dev/null
	grep -q '^[0-9]* *fallocate(' calls
}
require strace
for to in x n e; do
	make_image $to/large 3M
	allocates $to/large $to/ahead || fail "$to: not allocated ahead"
done
make_image b/large 3M
allocates --cow off b/large b/ahead || fail "NOCOW, and not allocated ahead"
! allocates --cow on b/large b/as-it-comes || fail "allocated for what will be copied away from it"
cmp b/large b/as-it-comes

# through an overlay as on what is below it
expect_cloned shared o/image o/clone --match

# nothing between two filesystems, whatever they are; matching means nothing there
for to in x e t o; do
	expect_cloned copied b/image $to/from-b
	expect_json '.image.reason == "they are on different filesystems" and .image.remedy == null'
	expect_cloned copied b/image $to/matched --match
done
make_fs btrfs b2
expect_cloned copied b/image b2/clone --cow off
is_nocow b2/clone
expect_cloned copied b/image b2/other --match
expect_not_cloned 1 b2 --reflink=always --cow on b/image b2/none
expect_err 'different filesystems'

# two subvolumes are one filesystem
btrfs -q subvolume create b/sub
expect_cloned shared b/image b/sub --match
