#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --recursive goes on with images that are not at their paths because a move bit by bit was interrupted, before
# it begins with others; with --undo it takes back all that was interrupted, and nothing else.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
. "$(dirname "$0")/../trace.sh"
need_root
without_sanitizers
require strace

FS_SIZE=320M make_fs xfs x
cd "$T/x"
mkdir -m 0755 d d/sub
make_image d/sub/big.raw 24M
make_image d/small.raw 1M
sums=$(sha256sum d/*.raw d/sub/*.raw)
leave_room 12 fill
interrupt() {
	trace_inject fallocate:signal=KILL:when=3 cowctl convert --low-space --rewrite d/sub/big.raw &&
		fail "not killed"
	[ ! -e d/sub/big.raw ] || fail "not moved in part"
}

interrupt
expect_status 0 cowctl convert -r --low-space --rewrite --dry-run --json d
expect_json '[.images[] | [.path, .result]] == [["d/sub/big.raw", "planned"], ["d/small.raw", "planned"]]'
[ ! -e d/sub/big.raw ] || fail "a dry run went on"
expect_status 0 cowctl convert -r --low-space --rewrite --json d
expect_json '[.images[] | [.path, .result]] == [["d/sub/big.raw", "converted"], ["d/small.raw", "converted"]]'
expect_equal "$(sha256sum d/*.raw d/sub/*.raw)" "$sums" "the images"
expect_equal "$(litter_in d)" "" "what is left"

# Taken back, with a copy that could be resumed; what was not interrupted stays as it is.
interrupt
trace_inject fdatasync:signal=KILL:when=1 cowctl convert --resume --rewrite d/small.raw && fail "not killed"
make_image d/other.raw 1M
sums=$(sha256sum d/*.raw)
expect_status 0 cowctl convert -r --undo --dry-run --json d
expect_json '[.images[].result] == ["planned", "planned"]'
expect_status 0 cowctl convert -r --undo --json d
expect_json '[.images[] | [.path, .result]] | sort ==
	[["d/small.raw", "already"], ["d/sub/big.raw", "already"]]'
expect_equal "$(sha256sum d/*.raw)" "$sums" "the images"
[ -e d/sub/big.raw ] || fail "not taken back"
expect_equal "$(litter_in d)" "" "what is left"
expect_status 0 cowctl convert -r --undo --json d
expect_json '.images == []'
