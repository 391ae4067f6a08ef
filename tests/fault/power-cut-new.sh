#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The power fails while images are created and cloned: what was said to be there stays there, complete
# and with its flag, and of all else there is either a complete image or nothing.
. "$(dirname "$0")/lib.sh"
require qemu-img
kind=btrfs
declare -A made making=(
	[raw]='create --cow off --preallocation full raw 1M'
	[qcow2]='create --cow off --format qcow2 --preallocation full qcow2 1M'
	[shared]='clone --cow on --reflink=always plain shared'
	[matched]='clone --match --reflink=always back matched'
	[copied]='clone --cow off --reflink=never plain copied'
)

known=(plain back "${!making[@]}")

make_sources() {
	make_disk plain plain
	make_disk back back # NOCOW
}

# promised FILE: all but the times
promised() {
	state "$1" | cut -d ' ' -f 1-5,8-
}

make_images() {
	local name
	for name in "${!making[@]}"; do
		# shellcheck disable=SC2086 # several options
		expect_status 0 cowctl ${making[$name]}
		made[$name]=$(promised "$name")
		returned "$name"
	done
}

all_or_nothing() {
	local name
	for name in "${!making[@]}"; do
		if [ -e "$name" ]; then
			expect_equal "$(promised "$name")" "${made[$name]}" "$name"
			echo complete
		elif had_returned "$name"; then
			fail "$name was made, and is not there"
		else
			echo nothing
		fi
	done
	expect_equal "$(ls -A "${known[@]/#/--ignore=}")" '' 'what else is there'
}

make_forgetful() {
	local name
	for name in "${!making[@]}"; do
		cp --reflink=never plain "$name"
		made[$name]=$(promised "$name")
		returned "$name"
	done
}

cut_disk "$kind" make_sources
cut_record make_images
cut_everywhere all_or_nothing
expect_equal "$(sort -u "$T/ram/found" | xargs)" 'complete nothing' 'images found'

cut_record make_forgetful
cut_caught all_or_nothing
