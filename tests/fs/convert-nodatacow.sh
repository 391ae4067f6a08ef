#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A filesystem mounted with nodatacow makes new files NOCOW; an image in it can still go back.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
make_fs btrfs b nodatacow
image=$T/b/v.raw
make_image "$image" 2M
is_nocow "$image" || fail "the mount option does nothing"
expect_status 0 cowctl convert --json "$image"
expect_json '.images[0].result == "already"'
expect_converted on "$image"
expect_converted off "$image"
