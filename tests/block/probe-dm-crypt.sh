#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# An encrypted device overwrites in place: root reads so in its table, others tell by the uuid, and so
# does root where the device mapper can't be asked, as in a container.
. "$(dirname "$0")/../lib.sh"
need_lab dm-crypt aes_generic xts
require cryptsetup
truncate -s 32M "$T/disk"
disk=$(losetup --find --show "$T/disk")
head -c 64 /dev/urandom >"$T/key"
cryptsetup open --type plain --cipher aes-xts-plain64 --key-size 512 --key-file "$T/key" "$disk" secret
at_end 'cryptsetup close secret; losetup --detach "$disk"'

expect_crypt() {
	expect_json '.paths[0].layers | map(.type)[:2] == ["dm-crypt", "loop"]'
	expect_json '.paths[0].layers[0] | .overwrite == "in-place" and .evidence == $e' --arg e "$1"
}
expect_status 0 cowctl probe --json /dev/mapper/secret
expect_crypt reported
expect_status 0 as_nobody cowctl probe --json /dev/mapper/secret
expect_crypt inferred
mount -t tmpfs none /dev/mapper
expect_status 0 cowctl probe --json /dev/dm-0
expect_crypt inferred
umount /dev/mapper
