#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Flags, project and extent sizes are kept on each kind of filesystem; what can't be kept is found out before
# anything is copied.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
require xfs_io btrfs

all_of() {
	state_of "$1"
	lsattr -p "$1"
	xfs_io -r -c stat "$1" | grep -E 'extsize|projid' || true
	xfs_io -r -c lsattr "$1" | tr -cd 'freC \n'
}
expect_kept() { # IMAGE OPTION...
	local image=$1 before
	shift
	before=$(all_of "$image")
	expect_status 0 cowctl convert --json "$@" "$image"
	expect_json '.images[0].result == "converted"'
	expect_equal "$(all_of "$image")" "$before" "what is kept of $image"
}

make_fs xfs xfs
image=$T/xfs/v.raw
xfs_io -f -c 'extsize 1m' -c 'cowextsize 256k' -c 'chattr +f' "$image"
make_image "$image" 8M
expect_kept "$image" --rewrite
xfs_io -r -c stat "$image" | grep -q 'extsize.*1048576' || fail "there was none: $(xfs_io -r -c stat "$image")"

make_fs ext4 ext4
image=$T/ext4/v.raw
make_image "$image" 8M
chattr +tsuAdS "$image"
expect_kept "$image" --rewrite

mkdir "$T/xfs/d"
chattr -p 42 +P "$T/xfs/d"
image=$T/xfs/d/v.raw
make_image "$image" 1M
expect_kept "$image" --rewrite
chattr -p 0 "$image"
expect_refused "its directory takes only files of project 42" "$image" --rewrite

# Where nothing is made NOCOW, compression stays, by which method too.
make_fs btrfs btrfs
cd "$T/btrfs"
compressed() {
	lsattr "$1"
	btrfs property get "$1" compression
	getfattr -n btrfs.compression "$1" 2>&1 || true
}
for how in c m zstd none; do
	touch "$how.raw"
	case $how in
	c | m) chattr "+$how" "$how.raw" ;;
	*) btrfs property set "$how.raw" compression "$how" ;;
	esac
	head -c 1M /dev/zero | tr '\0' x >"$how.raw"
	sync "$how.raw"
	before=$(compressed "$how.raw")
	expect_status 0 cowctl convert --json --cow on --rewrite --dry-run "$how.raw"
	expect_json '.images[0] | .result == "planned" and (.reason | contains("excludes") | not)'
	expect_status 0 cowctl convert --json --cow on --rewrite "$how.raw"
	expect_json '.images[0] | .result == "converted" and .reason == null'
	expect_equal "$(compressed "$how.raw")" "$before" "compression, $how"
done
filefrag -v zstd.raw | grep -q encoded || fail "not compressed any more"
mkdir packed
touch plain.raw
chattr +c packed
mv plain.raw packed
make_image packed/plain.raw 1M
expect_kept packed/plain.raw --cow on --rewrite
expect_status 0 cowctl convert --json --dry-run zstd.raw
expect_json '.images[0].reason | contains("compression is dropped: it excludes NOCOW")'
