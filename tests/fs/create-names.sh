#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A name is any bytes but / and NUL, also that of a backing file, which qemu-img has to find again.
. "$(dirname "$0")/../lib.sh"
need_root
require qemu-img

make_fs btrfs fs
cd "$T/fs"
for name in 'two words' $'new\nline' $'not\xffutf-8' --json -f 'a,b=c' 'quote"d' '100%s' '~' .hidden; do
	expect_status 0 cowctl create --json --cow off -- "$name" 1M
	is_nocow "./$name" || fail "not NOCOW: $name"
	expect_equal "$(stat -c %s "./$name")" 1048576
	expect_json 'has("image") and (.image | has("path"))'

	expect_status 0 cowctl create -f qcow2 "--backing=$name" -F raw -- "over $name"
	qemu-img info --output=json --backing-chain -- "over $name" >"$T/info"
	expect_equal "$(json "$T/info" '.[0]."virtual-size"')" 1048576
	expect_equal "$(json "$T/info" length)" 2 'images in the chain'
	rm -- "$name" "over $name"
done
expect_equal "$(ls -A)" '' 'what is left'

# relative to the image, not to where the command runs
mkdir sub
expect_status 0 cowctl create sub/base.raw 3M
expect_status 0 cowctl create -f qcow2 -b base.raw -F raw sub/over.qcow2
expect_status 2 cowctl create -f qcow2 -b sub/base.raw -F raw sub/wrong.qcow2
expect_status 0 cowctl create -f qcow2 -b "$PWD/sub/over.qcow2" -F qcow2 top.qcow2 10M
qemu-img info --output=json --backing-chain top.qcow2 >"$T/info"
expect_equal "$(json "$T/info" '[.[]."virtual-size" / 1048576] | tostring')" '[10,3,3]'

# a dry run says all this and does none of it
expect_status 0 cowctl create --dry-run --json --cow off dry.raw 1M
expect_json '.image | .result == "planned" and .effective == "off" and .nocow == true'
expect_status 2 cowctl create --dry-run top.qcow2 1M
[ ! -e dry.raw ] || fail 'a dry run created an image'

# a size of 0 is shown as one
for format in raw qcow2; do
	expect_status 0 cowctl create --json -f $format empty 0
	expect_json '.image.size == 0'
	rm empty
done
expect_status 0 cowctl create empty 0
expect_out "raw, 0B"
rm empty

# something that is no file name
for name in sub/ . .. sub/..; do
	expect_status 3 cowctl create "$name" 1M
done
