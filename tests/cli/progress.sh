#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# How far long work is: a bar for people, JSON lines for programs, silence for everything else.
. "$(dirname "$0")/../lib.sh"
require jq script
need_root
make_fs btrfs disk
make_image "$T/disk/image" 64M
cp --reflink=never "$T/disk/image" "$T/disk/other"
cp --reflink=never "$T/disk/image" "$T/disk/third"
cp --reflink=never "$T/disk/image" "$T/disk/fourth"

# Standard error is no terminal: nothing on it.
expect_status 0 cowctl convert "$T/disk/image"
expect_equal "$(cat "$T/err")" ''

# JSON: each line an object by itself, done never beyond total, and it arrives.
expect_status 0 cowctl convert --progress=json "$T/disk/other"
jq -es 'length > 0 and all(.[].progress;
	(.path | endswith("/other")) and (.phase | length > 0) and .done <= .total)
	and (map(.progress | select(.done == .total)) | length > 0)' "$T/err" >/dev/null ||
	fail "progress: $(cat "$T/err")"
# ... at most ten times per second, and once more at the end of each phase
updates=$(jq -s 'map(select(.progress.done < .progress.total)) | length' "$T/err")
[ "$updates" -le 40 ] || fail "$updates updates for 64 MiB"

# A terminal gets a bar; what stays on it is only the result.
script -qec "$COWCTL convert '$T/disk/third'" "$T/screen" >/dev/null
expect_text "$T/screen" "third [" "100%" "64M/64M" "/s" $'\r\033[K'
tr '\r' '\n' <"$T/screen" | grep -aA9 'RESULT' >"$T/table" || fail "no table after the bar"
script -qec "$COWCTL convert --progress=none '$T/disk/fourth'" "$T/screen" >/dev/null
! grep -aq '%' "$T/screen" || fail "a bar in spite of --progress=none"
