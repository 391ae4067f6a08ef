#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The clone has the permissions of its source, and its owner where the caller may give it away; no other
# attributes but those that the directory hands down, and nothing of the umask.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-clone.sh"
need_root
require setfacl setfattr
make_fs btrfs b
make_fs ext4 e
cd "$T/b"
make_image v.raw 1M
chown 12:34 v.raw
chmod 06664 v.raw
setfattr -n user.mark -v kept v.raw
setfacl -m u:99:rw v.raw
chmod 06664 v.raw
umask 077
mkdir defaults
setfacl -d -m u:77:rwx defaults

for to in . defaults "$T/e"; do
	expect_status 0 cowctl clone v.raw "$to/clone"
	expect_equal "$(stat -c '%a %u %g' "$to/clone")" '664 12 34'
	[ "$to" = defaults ] ||
		expect_equal "$(getfattr --absolute-names --match=- -- "$to/clone")" '' 'attributes'
done
getfacl --absolute-names defaults/clone >"$T/acl"
expect_text "$T/acl" user:77:rwx

# others get a clone of their own
chmod 0777 "$T" .
expect_status 0 as_nobody cowctl clone v.raw "$T/b/theirs"
expect_equal "$(stat -c '%a %u %g' theirs)" '664 65534 65534'
chmod 0600 v.raw
expect_status 2 as_nobody cowctl clone v.raw "$T/b/none"
expect_err 'Permission denied'
chmod 0400 theirs
expect_status 0 as_nobody cowctl clone "$T/b/theirs" "$T/b/read-only"
expect_equal "$(stat -c '%a %u %g' read-only)" '400 65534 65534'
[ ! -e none ] || fail 'a clone of what nobody may read'
