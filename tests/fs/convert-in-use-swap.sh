#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Active swap space.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
make_fs btrfs b
swap=$T/b/swap
touch "$swap"
chattr +C "$swap"
dd if=/dev/zero of="$swap" bs=1M count=4 conv=fsync status=none
chmod 600 "$swap"
mkswap -q "$swap"
at_end 'swapoff "$swap" 2>/dev/null || true'
swapon "$swap" 2>"$T/err" || skip "no swap space here: $(tail -n1 "$T/err")"
expect_refused "in use by the kernel, as swap space" "$swap" --cow on
swapoff "$swap"
expect_converted on "$swap"
