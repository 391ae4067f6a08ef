#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The power fails while images are created: what create said is there stays there, complete and with
# its flag, and of all else there is either a complete image or nothing.
. "$(dirname "$0")/lib.sh"
require qemu-img
kind=btrfs
formats=(raw qcow2)
declare -A created

# kept FILE: all but the times, which nobody was promised
kept() {
	state "$1" | cut -d ' ' -f 1-5,8-
}

create_all() {
	local format
	for format in "${formats[@]}"; do
		expect_status 0 cowctl create --cow off --mode 0640 --format "$format" \
			--preallocation full "$format" 1M
		created[$format]=$(kept "$format")
		returned "$format"
	done
}

all_or_nothing() {
	local format
	for format in "${formats[@]}"; do
		if [ -e "$format" ]; then
			expect_equal "$(kept "$format")" "${created[$format]}" "$format"
			echo complete
		elif had_returned "$format"; then
			fail "$format was created, and is not there"
		else
			echo nothing
		fi
	done
	expect_equal "$(ls -A -I raw -I qcow2)" '' 'what else is there'
}

create_forgetful() {
	touch raw
	chattr +C raw
	make_image "$T/ram/image" 1M
	cat "$T/ram/image" >raw
	created[raw]=$(kept raw)
	returned raw
	returned qcow2
}

cut_disk "$kind" true
cut_record create_all
cut_everywhere all_or_nothing
expect_equal "$(sort -u "$T/ram/found" | xargs)" 'complete nothing' 'images found'

cut_record create_forgetful
cut_caught all_or_nothing
