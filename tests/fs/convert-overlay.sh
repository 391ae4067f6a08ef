#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Through an overlay on Btrfs an image of the upper directory is converted; one of the lower directory
# is put into the upper one, and the lower one is not touched.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
make_fs overlay o
image=$T/o/v.raw
make_image "$image" 2M
expect_converted off "$image"
is_nocow "$T/o.lower/upper/v.raw" || fail "not NOCOW in the upper directory"
expect_converted on "$image"

make_image "$T/o.lower/lower/low.raw" 1M
mount -o remount "$T/o"
expect_status 0 cowctl convert --json --dry-run "$T/o/low.raw"
[ ! -e "$T/o.lower/upper/low.raw" ] || fail "a dry run copied it up"
expect_converted off "$T/o/low.raw"
is_nocow "$T/o.lower/upper/low.raw" || fail "it is not in the upper directory"
! is_nocow "$T/o.lower/lower/low.raw" || fail "the lower one was changed"
expect_equal "$(sum_of "$T/o/low.raw")" "$(sum_of "$T/o.lower/lower/low.raw")" content
