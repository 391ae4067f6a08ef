#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Compression excludes NOCOW, so it is dropped, and that is said. Where only the mount compresses, the
# two get along.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
require btrfs
make_fs btrfs b compress=zstd
text() { # 4 MiB that compress well
	head -c 4M /dev/zero | tr "\0" x >"$1"
	sync "$1"
}
has_compression() {
	local flags
	flags=$(lsattr -d -- "$1")
	case ${flags%% *} in *c*) true ;; *) false ;; esac
}
cd "$T/b"

text mount.raw
filefrag -v mount.raw | grep -q encoded || fail "nothing is compressed"
expect_converted off mount.raw
expect_json '.images[0].reason == null'
! filefrag -v mount.raw | grep -q encoded || fail "still compressed"
expect_converted on mount.raw
filefrag -v mount.raw | grep -q encoded || fail "not compressed on the way back"

mkdir packed
chattr +c packed
text packed/v.raw
expect_converted off packed/v.raw
expect_json '.images[0].reason | contains("compression is dropped")'
expect_err "compression is dropped"
! has_compression packed/v.raw || fail "the flag is still there"

touch property.raw
btrfs property set property.raw compression zstd
text property.raw
expect_converted off property.raw
expect_equal "$(btrfs property get property.raw compression)" "" "compression property"
