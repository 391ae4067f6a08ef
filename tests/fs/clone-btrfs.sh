#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# On Btrfs a clone shares with its source if both are NOCOW or neither is. Otherwise it is a copy, and
# the reason and the way out are said.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-clone.sh"
need_root
make_fs btrfs b
cd "$T/b"
make_image cow.raw 2M
touch nocow.raw
chattr +C nocow.raw
make_image nocow.raw 2M
sync .

# shares SRC OPTION...: and the clone has the flag as given in `flag`
shares() {
	expect_cloned shared "$1" clone "${@:2}"
	expect_json '.image | .remedy == null and .bytes_shared == 2097152 and .bytes_copied == 0'
	expect_json ".image.nocow == $flag"
	expect_equal "$(is_nocow clone && echo true || echo false)" $flag 'NOCOW of the clone'
	rm clone
}
flag=true shares nocow.raw
flag=true shares nocow.raw --cow off
flag=true shares nocow.raw --match
flag=true shares nocow.raw --reflink=always
flag=true shares nocow.raw --reflink # as with cp
flag=false shares cow.raw --cow on
flag=false shares cow.raw --match
flag=false shares cow.raw --match --reflink=always

# copies REMEDY SRC OPTION...
copies() {
	expect_cloned copied "$2" clone "${@:3}"
	expect_json '.image | .bytes_shared == 0 and .bytes_copied == 2097152'
	expect_json ".image.reason | contains(\"one has checksums and the other hasn't\")"
	# shellcheck disable=SC2016 # jq's own variable
	expect_json '.image.remedy | contains("--match") and endswith($remedy)' --arg remedy "$1"
	expect_json ".image.nocow == $flag"
	expect_equal "$(is_nocow clone && echo true || echo false)" $flag 'NOCOW of the clone'
	rm clone
}
flag=true copies "cowctl convert '$PWD/cow.raw'" cow.raw
flag=true copies "cowctl convert '$PWD/cow.raw'" cow.raw --cow off
flag=false copies "cowctl convert --cow on '$PWD/nocow.raw'" nocow.raw --cow on

# the way out that was named leads out, from wherever it is followed
expect_status 0 cowctl clone --json cow.raw clone
rm clone
(cd / && eval "$(json "$T/out" .image.remedy | sed 's/.*: cowctl/expect_status 0 cowctl/')")
flag=true shares cow.raw
expect_status 0 cowctl convert --cow on cow.raw

# sharing or nothing; a copy whatever could be shared
expect_not_cloned 1 . --reflink=always cow.raw clone
expect_not_cloned 1 . --reflink cow.raw clone
expect_err "'cow.raw' can't share its blocks with 'clone'" "cowctl convert '$PWD/cow.raw'"
expect_cloned copied nocow.raw clone --reflink=never
expect_json '.image | .reason == "sharing was not wanted" and .remedy == null'
rm clone

# a policy that can't be had leaves nothing behind
mkdir compressed
chattr +c compressed
expect_cloned copied cow.raw compressed/clone --cow off
is_nocow compressed/clone
lsattr compressed/clone | grep -q '^[^ ]*c' && fail 'the clone is compressed'
expect_cloned shared cow.raw compressed/shared --match
rm -r compressed

# what sharing does to both is told, and over with the first overwrite
expect_status 0 cowctl clone nocow.raw clone
expect_out 'overwrites copied-once' "in 'nocow.raw' as well" 'cowctl unshare'
make_image clone 2M
sync .
expect_status 0 cowctl probe --json nocow.raw
expect_json '.paths[0].overwrite == "in-place"'

# Without checksums a NOCOW image and a copy-on-write one can share, which is not because both are NOCOW.
make_fs btrfs nodatasum nodatasum
touch "$T/nodatasum/nocow.raw"
chattr +C "$T/nodatasum/nocow.raw"
make_image "$T/nodatasum/nocow.raw" 2M
expect_status 0 cowctl clone --json --cow on "$T/nodatasum/nocow.raw" "$T/nodatasum/clone.raw"
expect_json '.image | .nocow == false and .bytes_shared == 2097152'
expect_json '.image.reason | contains("NOCOW") | not'
