#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A pool is converted, by its name or path, to what its policy comes to there, unless the call says otherwise.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
require jq
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime
make_fs btrfs b
mkdir -p "$T/config/libvirt/storage"
cd "$T"

# defined NAME POLICY: a pool with one image of each kind
defined() {
	mkdir "$T/b/$1"
	make_image "$T/b/$1/cow.raw" 1M
	: >"$T/b/$1/nocow.raw"
	chattr +C "$T/b/$1/nocow.raw"
	make_image "$T/b/$1/nocow.raw" 1M
	expect_status 0 cowctl pool define-as "${1##*/}" --session --target "$T/b/$1" --cow "$2"
}
# are POOL nocow|cow
are() {
	local image
	for image in "$T/b/$1"/*.raw; do
		expect_equal "$(is_nocow "$image" && echo nocow || echo cow)" "$2" "$image"
	done
}

defined as-off off
expect_status 0 cowctl convert --session --recursive --json --dry-run as-off
expect_json '[.images[].result] | sort == ["already", "planned"]'
expect_status 0 cowctl convert --session --recursive --json as-off
expect_json '[.images[] | .result + .to] | sort == ["alreadyoff", "convertedoff"]'
are as-off nocow

defined as-on on
expect_status 0 cowctl convert --session --recursive as-on
are as-on cow
expect_status 0 cowctl convert --session --recursive --cow off as-on
are as-on nocow

# With one copy of the data only, auto is off.
defined as-auto auto
expect_status 0 cowctl convert --session --recursive as-auto
are as-auto nocow

# What another pool has in its directory is not its own.
defined as-off/inner on
expect_status 0 cowctl convert --session --recursive inner
are as-off/inner cow
expect_status 0 cowctl convert --session --recursive --json as-off
expect_json '.summary.images == 2'
expect_err "2 images of other pools are left as they are"
are as-off/inner cow

# By a path it is the same: each image goes where its pool has it, and what is in none is switched off.
defined by-path on
mkdir b/no-pool
make_image b/no-pool/cow.raw 1M
expect_status 0 cowctl convert --session --recursive b/by-path b/no-pool
are by-path cow
are no-pool nocow
expect_status 0 cowctl convert --session --recursive --cow off b/by-path
are by-path nocow
expect_status 0 cowctl convert --session --recursive --json b
expect_json '[.images[] | select(.result == "converted") | .path | split("/")[1]] | unique == ["as-on", "by-path"]'
are by-path cow
are as-off/inner cow

# A definition that can't be read may have a policy for what is there.
echo '<pool' >config/libvirt/storage/broken.xml
expect_status 2 cowctl convert --session --recursive b/no-pool
expect_err "broken.xml"
expect_status 0 cowctl convert --session --recursive --cow off b/no-pool
rm config/libvirt/storage/broken.xml

# A path that is there is no pool, and what is neither is an error.
cd "$T/b/as-on"
make_image as-auto 1M
expect_status 0 cowctl convert --session --recursive --json as-auto
expect_json '[.images[].path] == ["as-auto"]'
expect_status 2 cowctl convert --session --recursive nowhere as-off
expect_err "nowhere"
expect_status 2 cowctl convert --session as-off

# What lies below a mount point is none of its pool's, and some of libvirt's pools have no files at all.
cd "$T"
mkdir b/unmounted
make_image b/unmounted/below.raw 1M
truncate -s 64M device
mkfs.ext4 -q device
expect_status 0 cowctl pool define-as unmounted --session --type fs --source-dev "$T/device" \
	--source-format ext4 --target "$T/b/unmounted"
echo '<pool type="rbd"><name>far</name><source><name>x</name></source></pool>' >config/libvirt/storage/far.xml
for option in --cow=off --dry-run --undo --status; do
	expect_status 2 cowctl convert --session --recursive $option unmounted
	expect_err "is not mounted on"
	expect_status 1 cowctl convert --session --recursive $option far
	expect_err "no pool of files"
done
! is_nocow b/unmounted/below.raw || fail "converted below the mount point"
