#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What is in use, what sharing does not matter to, what is no image, and what there is no room for.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
. "$(dirname "$0")/../lib-unshare.sh"
need_root
require btrfs qemu-system-x86_64 setfattr setcap
make_fs btrfs b
make_fs ext4 e
cd "$T/b"
make_image cow.raw 1M
btrfs -q subvolume create images
chattr +C images
make_image images/v.raw 8M
sync .
btrfs -q subvolume snapshot images snapshot
btrfs -q subvolume snapshot -r images readonly

# in use, for reading as well
exec 3<images/v.raw
expect_unshare_refused "in use by 'bash' (process $$)" images/v.raw
exec 3<&-
exec 3<>images/v.raw
expect_unshare_refused 'in use' images/v.raw
expect_status 2 cowctl unshare --dry-run images/v.raw
exec 3<&-
for options in '' ,readonly=on ,file.locking=off; do
	vm_start "file.filename=images/v.raw,format=raw$options"
	expect_unshare_refused 'in use by' images/v.raw
	vm_stop
done
coproc HOLD { exec "$COW_BUILD/tests/hold" map images/v.raw; }
pid=$HOLD_PID
read -r word <&"${HOLD[0]}"
expect_equal "$word" ready
expect_unshare_refused 'in use' images/v.raw
eval "exec ${HOLD[1]}>&-"
wait "$pid"
setfattr -n trusted.libvirt.security.ref_dac -v 1 images/v.raw
expect_unshare_refused 'libvirt has' images/v.raw
setfattr -x trusted.libvirt.security.ref_dac images/v.raw

# what writing to it would take away
setcap cap_net_raw+ep images/v.raw
expect_unshare_refused 'has capabilities' images/v.raw
setcap -r images/v.raw
chmod g+s images/v.raw
expect_unshare_refused 'has set-id bits' images/v.raw
chmod g-s images/v.raw

# every overwrite is copied anyway: another verb's business
expect_unshare_refused 'every overwrite of' cow.raw
expect_json '.images[0].remedy | contains("cowctl convert")'
expect_err 'cowctl convert'

# nothing to write to, no image, no room
expect_unshare_refused 'Read-only file system' readonly/v.raw
for flag in i a; do
	chattr +$flag images/v.raw
	expect_unshare_refused "is $([ $flag = i ] && echo immutable || echo append-only)" images/v.raw
	expect_err 'chattr -i -a'
	expect_status 2 cowctl unshare --dry-run images/v.raw
	expect_err 'chattr -i -a'
	chattr -$flag images/v.raw
done
expect_status 2 cowctl unshare --dry-run readonly/v.raw
expect_err "open 'v.raw': Read-only file system"
expect_status 0 cowctl unshare --dry-run images/v.raw
mkfifo fifo
ln -s images/v.raw link
for name in fifo images link; do
	expect_status 2 cowctl unshare --json $name
	expect_json '.images[0].result == "refused"'
done
expect_status 2 cowctl unshare missing
expect_err "'missing'" 'No such file'
expect_status 2 cowctl unshare missing/v.raw
fallocate -l 300M filler
i=0
while fallocate -l 4M "filler.$((i++))" 2>"$T/log"; do :; done
sync .
expect_unshare_refused 'takes 9.1M' images/v.raw
rm filler*
sync .

# one that is refused does not keep the others; whatever they are called
mv images/v.raw images/$'-v\n\xff'
make_image "$T/e/other" 1M
(cd images && expect_status 2 cowctl unshare --json ../cow.raw -- $'-v\n\xff' "$T/e/other")
expect_json '[.images[].result] == ["refused", "unshared", "already"]'
