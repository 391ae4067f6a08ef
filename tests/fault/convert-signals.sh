#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Ctrl-C, SIGTERM and SIGHUP during the copy: the image is untouched, nothing is left, status 2. (With a rate,
# one call is made after the other.)
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../trace.sh"
need_root
require strace

make_fs btrfs fs
mkdir "$T/fs/dir"
image=$T/fs/dir/disk.raw
make_image "$image" 16M
before=$(stat -c '%i %Z %Y' "$image")
sum=$(sum_of "$image")

for signal in INT TERM HUP; do
	for call in pwrite64:2 pread64:6 fsync:1; do
		status=0
		trace_inject "${call%:*}:signal=$signal:when=${call#*:}" \
			cowctl convert --bandwidth 10G "$image" "$image" || status=$?
		expect_equal "$status" 2 "status after SIG$signal at $call"
		expect_text "$T/err" "convert"
		expect_equal "$(stat -c '%i %Z %Y' "$image")" "$before" "the image after SIG$signal at $call"
		expect_equal "$(ls -A "$T/fs/dir")" disk.raw "what SIG$signal at $call leaves"
	done
done
expect_equal "$(sum_of "$image")" "$sum"
expect_status 0 cowctl convert "$image"
