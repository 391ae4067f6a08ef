#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Extents are counted as filefrag(8) counts them, and their kinds are told apart.
. "$(dirname "$0")/../lib.sh"
need_root
require filefrag

extents() {
	"$COW_BUILD/tests/image" "$1" "$2" >"$T/extents"
}

for kind in btrfs xfs ext4; do
	make_fs $kind $kind
	cd "$T/$kind"

	# data, fragments, and holes between pieces
	make_image image 16M
	fragment image 2000
	truncate -s 64M sparse
	fragment sparse 1500
	for file in image sparse; do
		extents sync $file
		expect_text "$T/extents" "runs=$(runs_of $file)" shared=0 unwritten=0 encoded=0
		rows=$(filefrag -v $file | grep -c '^ *[0-9]*: .*\.\.')
		expect_text "$T/extents" "rows=$rows"
	done

	# not written out yet: not counted as lying anywhere, and written out only when asked
	fallocate -l 4M preallocated
	extents extents preallocated
	expect_text "$T/extents" bytes=4194304 unwritten=4194304
	cd /
done

# shared: XFS shares exactly the blocks cloned, Btrfs whole extents
cd "$T/xfs"
make_image one 1M
sync one
cp --reflink=always one two
extents sync two
expect_text "$T/extents" shared=1048576
cd "$T/btrfs"
cp --reflink=always image copy
extents sync copy
expect_text "$T/extents" "shared=$((16 << 20))"

# inline and compressed
echo small >small
extents sync small
expect_text "$T/extents" inline=4096 runs=1
mkdir compressed
chattr +c compressed
head -c 4M /dev/zero >compressed/file
extents sync compressed/file
expect_text "$T/extents" encoded=4194304

# no FIEMAP is said plainly
make_fs tmpfs memory
echo data >"$T/memory/file"
expect_status 1 "$COW_BUILD/tests/image" extents "$T/memory/file"
expect_err 'Operation not supported'
