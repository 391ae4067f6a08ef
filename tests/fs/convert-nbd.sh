#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# An image that is served over NBD is in use until the server ends.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
require qemu-nbd
make_fs btrfs b
cd "$T/b"
make_image v.raw 2M
qemu-nbd --format=raw --persistent --fork --pid-file="$T/pid" --socket="$T/nbd" v.raw
expect_refused "in use by 'qemu-nbd'" v.raw
kill "$(cat "$T/pid")"
tail --pid="$(cat "$T/pid")" -f /dev/null
expect_converted off v.raw
