#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The copy is read back from the disk, unless told not to; the result says which.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
require strace
make_fs btrfs b
bytes_read() { # by the command, of ordinary reads
	awk '/pread64/ && $NF > 0 { n += $NF } END { print n + 0 }' "$T/trace"
}
for image in with without; do
	make_image "$T/b/$image" 2M
done

ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 expect_status 0 strace -f -o "$T/trace" -e trace=pread64 \
	"$COWCTL" convert --json "$T/b/with"
expect_json '.images[0].verified == true'
[ "$(bytes_read)" -ge $((4 << 20)) ] || fail "only $(bytes_read) bytes were read: both, once each, is 4 MiB"

ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 expect_status 0 strace -f -o "$T/trace" -e trace=pread64 \
	"$COWCTL" convert --json --no-verify "$T/b/without"
expect_json '.images[0].verified == false'
[ "$(bytes_read)" -lt $((3 << 20)) ] || fail "$(bytes_read) bytes were read though nothing was to be verified"
