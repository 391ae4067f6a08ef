# SPDX-License-Identifier: LGPL-2.1-or-later
# Where an audit goes: into subvolumes, but not along symlinks, nor into other filesystems unasked.
. "$(dirname "$0")/../lib.sh"
need_root
require jq

paths() {
	json "$T/out" '[.images[].path] | join(" ")'
}

make_fs btrfs fs
make_fs ext4 other
cd "$T/fs"
mkdir -p tree/mounted tree/bound outside
btrfs -q subvolume create tree/volume
btrfs -q subvolume create tree/volume/nested
for image in tree/image tree/volume/image tree/volume/nested/image outside/image ../other/image; do
	make_image "$image" 1M
done
ln -s ../outside tree/directory
ln -s ../outside/image tree/file
ln -s . tree/circle
mount --bind "$T/other" tree/mounted
mount --bind outside tree/bound
sync

inside='tree/image tree/volume/image tree/volume/nested/image'
expect_status 1 cowctl audit --json --cow off tree
expect_equal "$(paths)" "$inside"

expect_status 1 cowctl audit --json --cow off --cross-device tree
expect_equal "$(paths)" "tree/bound/image tree/image tree/mounted/image ${inside#* }"

# a symlink that was named is followed, and one below it is not
ln -s tree link
expect_status 1 cowctl audit --json --cow off link
expect_equal "$(paths)" "${inside//tree/link}"
expect_status 1 cowctl audit --json --cow off tree/file
expect_equal "$(paths)" tree/file
