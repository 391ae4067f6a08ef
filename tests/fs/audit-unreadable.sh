# SPDX-License-Identifier: LGPL-2.1-or-later
# What can't be read is said, and then the audit isn't clean, whatever the rest is like.
. "$(dirname "$0")/../lib.sh"
need_root
require jq

make_fs ext4 fs
cd "$T/fs"
mkdir open closed
make_image open/image 1M
make_image open/secret 1M
make_image closed/image 1M
chmod 0755 open
chmod 0644 open/image
chmod 0600 open/secret
chmod 0700 closed
sync

expect_status 0 cowctl audit .
expect_status 0 as_nobody cowctl audit open/image
expect_status 2 as_nobody cowctl audit --json .
expect_err "open './open/secret'" "read directory './closed'"
expect_json '[.images[].path] == ["./open/image"]'
expect_json '[.errors[].path] | index("./closed") != null and index("./open/secret") != null'
expect_json '.errors[0].code == "permission" and .error.code == "permission"'
expect_json '.summary.images == 1 and .summary.errors == (.errors | length)'

expect_status 2 cowctl audit ./nothing
expect_err "open './nothing': No such file or directory"
expect_status 2 cowctl audit open/image nothing
expect_out open/image
expect_status 2 cowctl audit /dev/null
expect_err 'neither a regular file nor a directory'
