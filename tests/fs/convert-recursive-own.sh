#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --recursive goes on with a move bit by bit in the direction that it was begun in, where that is the one of the
# image's own policy and not of the directory's.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
. "$(dirname "$0")/../trace.sh"
need_root
without_sanitizers
require strace setfattr

make_fs btrfs-mixed b
cd "$T/b"
mkdir -m 0755 d
chattr +C d
make_image d/big.raw 300M
setfattr -n user.cow.policy -v on d/big.raw
sum=$(sha256sum d/big.raw)
fallocate -l 30M fill
trace_inject fallocate:signal=KILL:when=1 cowctl convert -r --low-space d && fail "not killed"
[ ! -e d/big.raw ] || fail "not moved in part"
expect_status 0 cowctl convert -r --low-space --json d
expect_json '[.images[] | [.path, .to, .result]] == [["d/big.raw", "on", "converted"]]'
expect_equal "$(sha256sum d/big.raw)" "$sum" "the image"
expect_equal "$(litter_in d)" "" "what is left"
