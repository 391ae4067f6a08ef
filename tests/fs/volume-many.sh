#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A pool of 100,000 volumes is listed, whole and sorted, and refreshed; out of the index as well.
. "$(dirname "$0")/../lib.sh"
need_root
. "$(dirname "$0")/../lib-volume.sh"
FS_SIZE=2G make_fs tmpfs t
make_pool vms "$T/t/vms"
(cd "$T/t/vms" && seq -f 'disk-%06g' 100000 | xargs truncate -s 1M)
expect_status 0 vol list vms --noheadings --output NAME,CAPACITY
seq -f "disk-%06g 1M" 100000 | diff -q - <(tr -s " " <"$T/out")

settle "$T/t/vms"
for option in --no-index '' ''; do
	expect_status 0 cowctl pool refresh vms --session ${option:+"$option"} --json
	expect_json '.pools[0].summary | .volumes == 100000 and .not_applicable == 100000 and .problems == 0'
done
expect_status 0 vol list vms --noheadings --output NAME,CAPACITY
seq -f "disk-%06g 1M" 100000 | diff -q - <(tr -s " " <"$T/out")
