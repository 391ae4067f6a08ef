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
expect_json '.images[1] | .compliance == "drifted" and .overwrite == "copied"'
expect_equal "$(ls "$T/fs.lower/upper")" upper 'the upper directory'
