#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# While --dry-run tries how long it would take, QEMU may have the image; it gives up when QEMU writes to it.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
require strace qemu-img qemu-io
make_fs btrfs b
mkdir "$T/b/d"
image=$T/b/d/v.raw
make_image "$image" 8M

convert_held "$image" --dry-run
qemu-img info -f raw "$image" >"$T/info" 2>&1 || fail "QEMU can't read it: $(cat "$T/info")"
qemu-io -f raw -c 'write -q 0 64k' "$image" >"$T/io" 2>&1 &
writer=$!
until grep -q "^[0-9]*: LEASE *BREAKING .*:$(stat -c %i "$image") " /proc/locks; do
	kill -0 "$writer" || fail "it had no need to wait: $(cat "$T/io")"
done
convert_go 2
expect_text "$T/converter" "in use"
wait "$writer" || fail "QEMU can't write to it: $(cat "$T/io")"
