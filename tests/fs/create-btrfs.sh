#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck disable=SC2016 # the texts are programs
# A new image is as the policy wants it, raw or qcow2, whatever its directory is like on Btrfs.
. "$(dirname "$0")/../lib.sh"
need_root
require qemu-img

# makes DIRECTORY POLICY FLAGGED EFFECTIVE: images of both formats come out like that
makes() {
	local format image flagged
	for format in raw qcow2; do
		image=$1/$2.$format
		expect_status 0 cowctl create --json --cow "$2" --format $format "$image" 64M
		flagged=false
		is_nocow "$image" && flagged=true
		expect_equal $flagged "$3" "NOCOW of $image"
		expect_json '.image | .path == $p and .result == "created" and .format == $f
			and .size == 67108864 and .policy == $policy and .effective == $e
			and .nocow == $n and .overwrite == if $n then "in-place" else "copied" end' \
			--arg p "$image" --arg f $format --arg policy "$2" --arg e "$4" \
			--argjson n "$3"
		qemu-img info -f $format --output=json "$image" >"$T/info"
		expect_equal "$(json "$T/info" '."virtual-size"')" 67108864
	done
	expect_equal "$(find "$1" -mindepth 1 -name '.*')" '' 'leftovers'
}

make_fs btrfs fs
cd "$T/fs"
mkdir plain flagged compressed
chattr +C flagged
chattr +c compressed

makes plain off true off
makes plain on false on
makes plain auto true off
makes flagged off true off
makes flagged on false on
makes flagged auto true off

# NOCOW and compression exclude each other: the file gives in when that is demanded
makes compressed off true off
expect_err 'compression flag'
expect_equal "$(lsattr compressed/off.raw | cut -d' ' -f1 | tr -d -)" C 'flags'
makes compressed auto false on
expect_json '.image.reason | test("compression")'

# the flag did what it is for: overwriting moves nothing
cowctl create --cow off plain/full.raw 8M --preallocation full >/dev/null
sync plain/full.raw
before=$(runs_of plain/full.raw)
fragment plain/full.raw 500
expect_equal "$(runs_of plain/full.raw)" "$before" 'runs after overwriting'

# a redundant profile: auto keeps CoW and says why, off is obeyed with one warning
make_fs btrfs-raid1 mirrored
makes "$T/mirrored" auto false on
expect_json '.image.reason | test("raid1")'
makes "$T/mirrored" off true off
expect_equal "$(wc -l <"$T/err")" 1 'warnings'
expect_err raid1

# mounted with nodatacow: NOCOW without asking; on for the asking, and then overwriting moves
make_fs btrfs nodatacow nodatacow
makes "$T/nodatacow" auto true off
makes "$T/nodatacow" off true off
makes "$T/nodatacow" on false on
make_image "$T/nodatacow/full.raw" 1M
expect_status 0 cowctl clone --json --cow on "$T/nodatacow/full.raw" "$T/nodatacow/clone.raw"
expect_json '.image.nocow == false'
before=$(places_of "$T/nodatacow/clone.raw")
fragment "$T/nodatacow/clone.raw" 20
[ "$(places_of "$T/nodatacow/clone.raw")" != "$before" ] || fail 'it was overwritten in place'

# nothing is a size, too
expect_status 0 cowctl create empty 0
expect_equal "$(stat -c %s empty)" 0
expect_status 3 cowctl create sizeless
expect_err "the size of the image is missing"
