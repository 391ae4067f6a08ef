#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A download to a block device: it is on the disk, or has failed; never over what is mounted, or a guest's. An upload
# from one takes it as any file. And none is opened as a backing file for the sake of a header alone.
. "$(dirname "$0")/../lib.sh"
need_root
. "$(dirname "$0")/../lib-volume.sh"
. "$(dirname "$0")/../trace.sh"
require strace qemu-io
make_fs ext4 e
make_pool vms "$T/e/vms"
make_image "$T/e/vms/image" 3M
truncate -s 4M "$T/e/vms/image" # with a hole at the end
FS_SIZE=8M make_fs ext4 disk
device=$(loop_of "$T/disk.img")
download() {
	expect_status "$1" vol download --pool vms image "${@:2}"
}
# What is below the device, past its page cache.
sum_below() {
	dd if="$device" iflag=direct bs=1M count=4 status=none | sum_of /dev/stdin
}

# mounted
download 2 "$device" --json
expect_json '.error | .code == "busy" and .remedy == "unmount it, or shut the guest down"'
download 2 "$device" --sparse
status=0
"$COWCTL" vol download --session --pool vms image - >"$device" 2>"$T/err" || status=$?
expect_equal "$status" 2
expect_err "the device for volume 'image' is in use"
exec 9<"$device" # the loop device outlives its mount
umount "$T/disk"
expect_equal "$(blkid -p -o value -s TYPE "$device")" ext4 "what is on the device"

# a guest's
mkfifo "$T/stdin"
qemu-io -f raw "$device" <"$T/stdin" >"$T/log" &
exec 7>"$T/stdin"
echo "read 0 512" >&7
until grep -q "read 512" "$T/log"; do
	[ -e "/proc/$!" ] || fail "no guest"
done
download 2 "$device"
expect_err "the device for volume 'image' is in use by 'qemu-io'"
exec 7>&-
wait
expect_equal "$(blkid -p -o value -s TYPE "$device")" ext4 "what is on the device"

# nobody's: all of it is there, and on the disk, holes too
for option in "" --sparse; do
	head -c 8M /dev/urandom >"$device"
	# shellcheck disable=SC2086 # an option or none
	download 0 "$device" $option
	expect_out "downloaded 4M"
	expect_equal "$(sum_below)" "$(sum_of "$T/e/vms/image")" "the device $option"
done
head -c 8M /dev/urandom >"$device"
{
	"$COWCTL" vol download --session --pool vms image -
	printf more
} >"$device"
expect_equal "$(sum_below)" "$(sum_of "$T/e/vms/image")" "the device as standard output"
expect_equal "$(dd if="$device" bs=4 skip=1M count=1 status=none)" more "what is written behind"
status=0
trace_inject fsync:error=EIO:when=1 cowctl vol download --session --pool vms image "$device" || status=$?
expect_equal "$status" 2
expect_err "write volume 'image' to disk: Input/output error"

# and back
expect_status 0 vol create-as vms back 1M
expect_status 0 vol upload --pool vms back "$device" --length 4M
expect_equal "$(sum_of "$T/e/vms/back")" "$(sum_of "$T/e/vms/image")" "back"

# One that the header of a volume names as its backing file is not opened, unless the volume is said to be no guest's.
qemu-img create -q -f qcow2 -b "$device" -F raw "$T/e/vms/over"
expect_status 2 vol resize --pool vms over 16M
expect_err "has a backing file, '$device': no regular file" "--format"
expect_status 0 vol resize --pool vms over 16M --format qcow2
