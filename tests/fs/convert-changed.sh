#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What no lease tells of ends a conversion as well, and not only when all is copied: another mode, attribute,
# or name.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
require strace setfattr
make_fs btrfs b
mkdir "$T/b/d"
cd "$T/b/d"
for what in 'chmod 700 v.raw' 'setfattr -n user.x -v y v.raw' 'ln v.raw w.raw' 'mv v.raw w.raw' 'rm v.raw'; do
	make_image v.raw 12M
	convert_held v.raw
	$what
	convert_go 2
	expect_text "$T/converter" "changed meanwhile"
	[ "$(grep -c pwrite64 "$T/trace")" -lt 6 ] || fail "$what: it went on: $(cat "$T/trace")"
	expect_equal "$(litter_in .)" "" "what is left"
	rm -f v.raw w.raw
done
