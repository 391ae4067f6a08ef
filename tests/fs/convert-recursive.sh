#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --recursive converts the images below a directory, in subvolumes too, and leaves everything else
# alone: other files, symbolic links and what they point to, other filesystems.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
require btrfs qemu-img
make_fs btrfs b
make_fs btrfs other
cd "$T/b"
mkdir -p "pool/deep er" outside pool/mounted
btrfs -q subvolume create pool/subvolume
images=("pool/a.raw" $'pool/deep er/new\nline.raw' pool/subvolume/s.raw)
for image in "${images[@]}" outside/o.raw "$T/other/m.raw"; do
	make_image "$image" 1M
done
qemu-img create -q -f qcow2 pool/q.qcow2 1M
images+=(pool/q.qcow2)
echo "not an image" >pool/notes.txt
ln -s ../outside pool/link
ln -s ../outside/o.raw pool/link.raw
mount --bind "$T/other" pool/mounted

# A dry run names just what the run then does.
expect_status 0 cowctl convert --recursive --dry-run --json pool
expect_json '[.images[].result] | unique == ["planned"]'
planned=$(json "$T/out" '[.images[].path] | sort | tostring')
for image in "${images[@]}"; do
	! is_nocow "$image" || fail "a dry run converted $image"
done
expect_status 0 cowctl convert --recursive --json pool
expect_json '[.images[].result] | unique == ["converted"]'
expect_equal "$(json "$T/out" '[.images[].path] | sort | tostring')" "$planned" "what was done"

for image in "${images[@]}"; do
	is_nocow "$image" || fail "$image is not NOCOW"
done
for other in pool/notes.txt outside/o.raw "$T/other/m.raw" pool pool/subvolume "pool/deep er"; do
	! is_nocow "$other" || fail "$other was converted"
done
[ -L pool/link.raw ] || fail "the symbolic link is gone"
expect_equal "$(litter_in .)" "" "what is left"

# Again: nothing is left to do.
before=$(folder_of pool)
expect_status 0 cowctl convert -r --json pool
expect_json '[.images[].result] - ["already"] == []'
expect_equal "$(folder_of pool)" "$before" "the folder"
