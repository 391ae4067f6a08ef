#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# OCFS2, on one node: in place, but for clusters that are shared.
. "$(dirname "$0")/lib.sh"
need_lab ocfs2
require mkfs.ocfs2
truncate -s 512M "$T/o.img"
mkfs.ocfs2 -q -M local --fs-features=refcount "$T/o.img" >"$T/log" 2>&1 </dev/null || { cat "$T/log" >&2; fail mkfs.ocfs2; }
mkdir "$T/o"
mount -t ocfs2 -o loop "$T/o.img" "$T/o"
truth "ocfs2" "$T/o" "$T/o.img"
truth_named "ocfs2" "$T/o" "$T/o.img"
witness write "$T/o/file"
truth "ocfs2, file" "$T/o/file" "$T/o.img"
cp --reflink=always "$T/o/file" "$T/o/clone"
sync
truth "ocfs2, file with a clone" "$T/o/file" "$T/o.img"
truth_end
