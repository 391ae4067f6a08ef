#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# When an image can't be created there is an error and nothing else.
. "$(dirname "$0")/../lib.sh"
need_root
require qemu-img

# fails STATUS TEXT ARGUMENT...: in the present directory, which stays as it was
fails() {
	local status=$1 text=$2 before
	shift 2
	before=$(ls -lA --time-style=full-iso)
	expect_status "$status" cowctl create --json "$@"
	expect_err "$text"
	expect_json '.error.message != ""'
	expect_equal "$(ls -lA --time-style=full-iso)" "$before" "the directory after $*"
}

for kind in btrfs xfs ext4 tmpfs; do
	FS_SIZE=320M make_fs $kind $kind
	cd "$T/$kind"

	echo precious >exists
	ln -s nowhere dangling
	for format in raw qcow2; do
		fails 2 'File exists' --format $format exists 1M
		fails 2 'File exists' --format $format dangling 1M
		fails 2 'No such file' --format $format none/image 1M
	done
	expect_equal "$(cat exists)" precious
	fails 2 'none.raw' -f qcow2 -b none.raw -F raw image
	fails 2 'no sound qcow2' -f qcow2 -b exists -F qcow2 image

	# the wish can't be granted to somebody who may not write here, either
	chmod 0755 .
	expect_status 2 as_nobody cowctl create image 1M
	expect_err 'Permission denied'
	mkdir -m 0777 theirs
	expect_status 0 as_nobody cowctl create -f qcow2 --mode 0640 theirs/image 1M
	expect_equal "$(stat -c %U:%a theirs/image)" nobody:640

	# last, for a Btrfs that was full may not make a directory any more
	for format in raw qcow2; do
		fails 2 'No space left' --format $format --preallocation falloc image 4G
		fails 2 'No space left' --format $format --preallocation full image 4G
	done

	# not the least room
	if [ $kind = tmpfs ]; then
		cat /dev/zero >filler 2>/dev/null || true
		fails 2 'No space left' -f qcow2 image 1M
		rm filler
	fi

	mount -o remount,ro "$T/$kind"
	fails 2 'Read-only' image 1M
	fails 2 'Read-only' -f qcow2 image 1M
	cd /
done

# wrong calls
cd "$T"
for arguments in '' 'image' 'image 1X' 'image 1M extra' '--mode 8 image 1M' \
	'--mode 1000 image 1M' '-b base image' '-f vmdk image 1M' '-b base -F raw image'; do
	read -ra words <<<"$arguments"
	expect_status 3 cowctl create "${words[@]}"
	[ ! -e image ] || fail "created by a wrong call: $arguments"
done
