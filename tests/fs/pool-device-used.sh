#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A device that a guest uses, or any other program writes to, gets no filesystem, and is not mounted: the kernel
# would let us do both.
. "$(dirname "$0")/../lib.sh"
need_root
require jq mkfs.ext4 qemu-system-x86_64
. "$(dirname "$0")/../lib-live.sh" # wait_for
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime
pool() {
	cowctl pool "$@" --session
}
truncate -s 32M "$T/disk.img"
device=$(losetup --find --show "$T/disk.img")
at_end 'losetup --detach "$device"'
# guest BLOCKDEV: one that has it, and is up
guest() {
	qemu-system-x86_64 -accel tcg -nodefaults -display none -S -blockdev "node-name=d,$1" -device virtio-blk,drive=d \
		-qmp "unix:$T/qmp,server=on,wait=off" 2>"$T/qemu" &
	qemu=$!
	wait_for QEMU [ -S "$T/qmp" ]
}
guest_end() {
	kill "$qemu"
	wait "$qemu" || true
	rm -f "$T/qmp"
}
# refused COMMAND...: with that error, and the device as it was
refused() {
	local before
	before=$(sum_of "$T/disk.img")
	expect_status 2 pool "$@" --json
	expect_json '.error | .code == "busy" and (.message | contains("is in use by " + $by)) and .remedy' --arg by "$by"
	expect_equal "$(sum_of "$T/disk.img")" "$before" "what is on the device after pool $*"
}

expect_status 0 pool define-as p --type fs --source-dev "$device" --source-format ext4 --target "$T/m"
by="'qemu-system-x86'"
guest "driver=host_device,filename=$device" # which is being installed
refused build p --no-overwrite
refused build p --no-overwrite --dry-run
mkfs.ext4 -q "$device"
refused build p --overwrite
expect_status 0 pool build p
refused start p --overwrite
refused start p
! mountpoint -q "$T/m" || fail "mounted"
expect_status 0 pool info p --json
expect_json '.pools[0].state == "inactive"'
guest_end

# by another node of the same device, where no lock of QEMU's is to be seen
mknod "$T/node" b $((0x$(stat -c %t "$device"))) $((0x$(stat -c %T "$device")))
guest "driver=host_device,filename=$T/node,locking=off"
refused build p --overwrite
guest_end

# another program; whoever only reads it is in nobody's way
exec 7<>"$device"
by="'bash'"
[[ $BASH != */bash ]] || refused build p --overwrite
exec 7<"$device"
expect_status 0 pool start p
expect_status 0 pool stop p
expect_status 0 pool build p --overwrite
exec 7<&-

# an image file that a guest has
by="'qemu-system-x86'"
truncate -s 32M "$T/file.img"
mkfs.ext4 -q "$T/file.img"
expect_status 0 pool define-as f --type fs --source-dev "$T/file.img" --target "$T/f"
expect_status 0 pool build f
guest "driver=file,filename=$T/file.img"
refused start f
guest_end
expect_status 0 pool start f
expect_status 0 pool stop f
