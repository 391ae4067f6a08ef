#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The power fails while an image is moved bit by bit, for want of room (--low-space). Whenever that is,
# there is the whole image at its path, or none and a move that goes on, or back: nothing is lost.
. "$(dirname "$0")/lib.sh"
COW_POINTS=$((COW_POINTS / 2))

# An image for which there is no room twice. Btrfs frees space in pieces of up to 128 MiB.
declare -A disk_size=([xfs]=320M [ext4]=320M [btrfs]=768M) image_size=([xfs]=24M [ext4]=24M [btrfs]=260M) \
	leave=([xfs]=12 [ext4]=12 [btrfs]=200)
make_tight() {
	local free
	chmod 0755 . # elsewhere nothing is moved
	make_disk plain image
	make_image image "${image_size[$kind]}"
	fallocate --punch-hole --offset 256K --length 128K image
	touch -d '2021-02-03 04:05:06.789' image
	touch -a -d '2037-12-31 23:59:58.765' image
	sync -f .
	free=$(($(stat -f -c '%a * %S >> 20' .)))
	fallocate -l $((free - leave[$kind]))M fill
	read -r old _ wanted <<<"$(state image)"
}

move_image() {
	# shellcheck disable=SC2046 # perhaps no option
	expect_status 0 cowctl convert --low-space $(rewrite) image
	returned image
	new=$(stat -c %i image)
}

is_whole() {
	local inode kept
	read -r inode _ kept <<<"$(state image)"
	expect_equal "$kept" "$wanted" "the image $1"
	[ "$inode" = "$new" ] || [ "$inode" = "$old" ] || fail "it is another file $1"
	[ "$inode" = "$new" ] || ! had_returned image || fail "it was moved, and is not"
}

whole_or_to_go_on_with() {
	local litter names
	litter=$(echo .cowctl-*)
	if [ -e image ]; then
		is_whole "at the cut"
		echo whole
	else
		! had_returned image || fail "it was moved, and is not there"
		expect_status 1 cowctl convert --status --output REASON image
		expect_out moving
		echo moving
	fi
	if [ "$litter" != '.cowctl-*' ] && [ $((points % 2)) -eq 1 ]; then
		expect_status 0 cowctl convert --undo image
		is_whole "after it was taken back"
	else
		# shellcheck disable=SC2046 # perhaps no option
		expect_status 0 cowctl convert --low-space $(rewrite) image
		new=$(stat -c %i image) # if it was whole, on XFS and ext4 it is now rewritten once more
		is_whole "once it was gone on with"
	fi
	names=$(ls -A -I lost+found)
	expect_equal "${names//$'\n'/ }" 'fill image' 'what is there in the end'
}

# The control: who takes from the image what is not yet on disk elsewhere.
move_carelessly() {
	local at
	for ((at = 0; at < $(stat -c '%s >> 20' image); at++)); do
		dd if=image of=new bs=1M skip="$at" seek="$at" count=1 conv=notrunc,sparse status=none
		fallocate --punch-hole --offset "${at}M" --length 1M image
	done
	new=$(stat -c %i new)
	mv new image
	returned image
}

for kind in xfs ext4 btrfs; do
	cut_disk "$kind" make_tight "${disk_size[$kind]}"
	cut_record move_image
	cut_everywhere whole_or_to_go_on_with
	expect_equal "$(sort -u "$T/ram/found" | xargs)" 'moving whole' "images found on $kind"
	if [ "$kind" = xfs ]; then
		cut_record move_carelessly
		cut_caught whole_or_to_go_on_with
	fi
	rm "$T/ram/fs.img"
done
