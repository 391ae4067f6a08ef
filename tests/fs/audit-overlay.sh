# SPDX-License-Identifier: LGPL-2.1-or-later
# Looking at a file of a lower directory must not copy it up.
. "$(dirname "$0")/../lib.sh"
need_root
require jq

make_fs overlay fs
make_image "$T/fs.lower/lower/image" 2M
mount -o remount "$T/fs"
sync "$T/fs.lower/lower/image"
make_image "$T/fs/upper" 2M
sync "$T/fs/upper"

expect_status 1 cowctl audit --json --cow off "$T/fs"
expect_json '[.images[].path | split("/")[-1]] == ["image", "upper"]'
expect_json '.images[0] | .compliance == "drifted" and (.reason | contains("copied up"))'
expect_json '[.images[].findings[].rule] | index("layer-below-copies") == null'
expect_json '.images[1] | .compliance == "drifted" and .overwrite == "copied"'
expect_equal "$(ls "$T/fs.lower/upper")" upper 'the upper directory'

# what is copied up takes after the work directory, whatever it was
umount "$T/fs"
chattr +C "$T"/fs.lower/{upper,work,work/work}
mount -t overlay -o "lowerdir=$T/fs.lower/lower,upperdir=$T/fs.lower/upper,workdir=$T/fs.lower/work" overlay "$T/fs"
expect_status 1 cowctl audit --json --cow off "$T/fs"
expect_json '.images[0] | .compliance == "ok" and .overwrite == "copied-once"'
expect_json '.images[1].compliance == "drifted"'
printf x | dd of="$T/fs/image" conv=notrunc status=none
sync "$T/fs/image"
is_nocow "$T/fs.lower/upper/image" || fail 'the copy is not what was foretold'
expect_status 1 cowctl audit --json --cow off "$T/fs"
expect_json '.images[0] | .compliance == "ok" and .overwrite == "in-place"'
