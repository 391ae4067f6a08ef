#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A pool of 100,000 volumes is listed, whole and sorted.
. "$(dirname "$0")/../lib.sh"
need_root
. "$(dirname "$0")/../lib-volume.sh"
FS_SIZE=2G make_fs tmpfs t
make_pool vms "$T/t/vms"
(cd "$T/t/vms" && seq -f 'disk-%06g' 100000 | xargs truncate -s 1M)
expect_status 0 vol list vms --noheadings --output NAME,CAPACITY
seq -f "disk-%06g 1M" 100000 | diff -q - <(tr -s " " <"$T/out")
