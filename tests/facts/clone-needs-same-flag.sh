#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# K10: Btrfs clones between two files only when both are NOCOW or neither is; otherwise EINVAL.
. "$(dirname "$0")/../lib.sh"
need_root
make_fs btrfs b
mkdir "$T/b/pool"
chattr +C "$T/b/pool"
make_image "$T/b/cow" 1M
make_image "$T/b/pool/nocow" 1M
expect_status 0 cp --reflink=always "$T/b/cow" "$T/b/cow2"
expect_status 0 cp --reflink=always "$T/b/pool/nocow" "$T/b/pool/nocow2"
expect_status 1 cp --reflink=always "$T/b/cow" "$T/b/pool/cow3"
expect_err "Invalid argument"
expect_status 1 cp --reflink=always "$T/b/pool/nocow" "$T/b/nocow3"
