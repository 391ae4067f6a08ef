#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Where there are no unnamed files nothing is made, unless a named one is asked for: that loses its name
# before anything is written to it, and nothing but the directory's times tells of it.
. "$(dirname "$0")/../lib.sh"
need_kernel nilfs2 gfs2
require strace

for kind in nilfs2 gfs2; do
	make_fs "$kind" "$kind"
	mkdir "$T/$kind/d"
	touch -d '2001-01-01' "$T/$kind/d"
	expect_status 0 cowctl probe --json "$T/$kind/d"
	expect_json '.paths[0].evidence == "inferred"'
	expect_json '.paths[0].reason | contains("not measured: no unnamed temporary file")'
	expect_equal "$(stat -c %Y "$T/$kind/d")" "$(date -d '2001-01-01' +%s)" "its time"
	said=$(json "$T/out" '.paths[0].overwrite')

	ASAN_OPTIONS=detect_leaks=0 expect_status 0 strace -y -o "$T/trace" "$COWCTL" probe --named --json "$T/$kind/d"
	expect_json '.paths[0] | .overwrite == $o and .evidence == "measured"' --arg o "$said"
	expect_equal "$(ls -A "$T/$kind/d")" "" "what is left"
	expect_equal "$(grep -cE 'openat\(.*O_CREAT' "$T/trace")" 1 "files made"
	# made, its mode set, unnamed; only then written to
	awk '/O_CREAT/ { made = 1 } /^unlinkat/ { gone = 1 } /^pwrite/ && !gone { exit 1 } END { exit !made || !gone }' \
		"$T/trace" || fail "$kind: it was written to under its name"
done

# Who has unnamed files gets no other.
make_fs ext4 e
touch -d '2001-01-01' "$T/e"
expect_status 0 cowctl probe --named --json "$T/e"
expect_json '.paths[0].evidence == "measured"'
expect_equal "$(stat -c %Y "$T/e")" "$(date -d '2001-01-01' +%s)" "its time"
