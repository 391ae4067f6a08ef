#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Who is not root can unshare an image of his own, but can't know what is older than a snapshot: that is said.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-unshare.sh"
need_root
require btrfs
make_fs btrfs b
make_fs xfs x
chmod 0777 "$T"
btrfs -q subvolume create "$T/b/images"
chattr +C "$T/b/images"
cd "$T/b/images"
make_image v.raw 2M
chown 65534:65534 v.raw
sync .
btrfs -q subvolume snapshot . ../snapshot
expect_status 2 as_nobody cowctl unshare --json "$PWD/v.raw"
expect_json '.images[0] | .result == "unshared" and .history_known == false and .bytes == 2097152'
expect_err 'only root can know'
expect_equal "$(sharing_of v.raw)" '0 0'
expect_status 2 as_nobody cowctl unshare --json "$PWD/v.raw"
expect_json '.images[0].result == "already"'
expect_err 'only root can know'

# where there is no such history, all is known
make_image "$T/x/v.raw" 1M
cp --reflink=always "$T/x/v.raw" "$T/x/clone"
chown 65534:65534 "$T/x/v.raw" "$T/x/clone"
expect_status 0 as_nobody cowctl unshare --json "$T/x/v.raw"
expect_json '.images[0] | .result == "unshared" and (.reason | contains("marked as in use only root can see"))'

# another one's image
chown 0:0 "$T/x/v.raw"
rm "$T/x/clone"
cp --reflink=always "$T/x/v.raw" "$T/x/clone"
expect_status 2 as_nobody cowctl unshare --json "$T/x/v.raw"
expect_json '.images[0].result == "refused"'
