#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A volume that nobody uses is removed; one in use stays, and so does all that is no volume.
. "$(dirname "$0")/../lib.sh"
need_root
. "$(dirname "$0")/../lib-volume.sh"
make_fs ext4 e
make_pool vms "$T/e/vms"
cd "$T/e/vms"
make_image "$T/e/outside" 1M
for name in one two $'new\nline' used; do
	make_image "$name" 1M
done
ln -s ../outside link
mkdir empty full
: >full/file

for name in one $'new\nline' link empty; do
	expect_status 0 vol delete --pool vms "$name"
	! find . -name "$name" | grep -q . || fail "$name is still there"
done
[ -e "$T/e/outside" ] || fail "what a symlink leads to is gone"
expect_status 0 vol delete "$T/e/vms/two"
expect_status 2 vol delete --pool vms full
expect_err "Directory not empty"
expect_status 2 vol delete --pool vms missing
expect_status 2 vol delete --pool vms ../outside
expect_status 2 vol delete --pool vms full/file

# open, on a loop device, locked by QEMU
exec 7<used
expect_status 2 vol delete --pool vms used
expect_err "volume 'used' is in use by"
exec 7<&-
device=$(losetup --find --show used)
expect_status 2 vol delete --pool vms used
expect_err "in use by the loop device"
losetup --detach "$device"
require qemu-io
mkfifo "$T/stdin"
qemu-io -f raw used <"$T/stdin" >"$T/log" &
exec 7>"$T/stdin"
echo "read 0 512" >&7
until grep -q "read 512" "$T/log"; do
	read -rt 0.05 <> <(:) || true
done
expect_status 2 vol delete --pool vms used
expect_err "in use by"
exec 7>&-
wait
expect_status 0 vol delete --pool vms used
expect_equal "$(ls)" full
