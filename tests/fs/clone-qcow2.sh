#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A clone of a qcow2 image has the same snapshots and the same backing file, wherever it is.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-clone.sh"
need_root
require qemu-img qemu-io
make_fs btrfs b
make_fs ext4 e
cd "$T/b"
mkdir images other
cd images
qemu-img create -q -f raw base.raw 4M
qemu-io -f raw -c 'write -q -P 1 0 4M' base.raw
qemu-img create -q -f qcow2 -F raw -b base.raw top.qcow2
qemu-io -c 'write -q -P 2 1M 64k' top.qcow2
qemu-img snapshot -c inside top.qcow2
qemu-io -c 'write -q -P 3 2M 64k' top.qcow2

# backing FILE: name and format of what it is backed by
backing() {
	qemu-img info --output=json -- "$1" >"$T/info"
	json "$T/info" '[."backing-filename", ."backing-filename-format"] | tostring'
}
# reads_alike ONE OTHER: the guest sees the same, the snapshot is there, the image is sound
reads_alike() {
	qemu-img compare -q -- "$1" "$2"
	qemu-img check -q -- "$2"
	qemu-img snapshot -l -- "$2" | grep -qw inside || fail "$2 has lost its snapshot"
}

# beside its source it is the same to the byte
expect_cloned copied top.qcow2 clone.qcow2
expect_json '.image | .format == "qcow2" and .size == 4194304 and .backing == "base.raw"'
expect_cloned shared top.qcow2 shared.qcow2 --match
expect_equal "$(backing shared.qcow2)" '["base.raw","raw"]'
reads_alike top.qcow2 clone.qcow2
reads_alike top.qcow2 shared.qcow2

# elsewhere its relative backing name is made absolute, and that is said
for to in ../other/shared.qcow2 "$T/e/copied.qcow2"; do
	before=$(sum_of top.qcow2)
	expect_status 0 cowctl clone --match top.qcow2 "$to"
	expect_out "the backing file is now named '$T/b/images/base.raw'"
	expect_equal "$(backing "$to")" "[\"$T/b/images/base.raw\",\"raw\"]"
	reads_alike top.qcow2 "$to"
	expect_equal "$(sum_of top.qcow2)" "$before" 'the source'
done
expect_status 0 cowctl clone --json --dry-run top.qcow2 ../other/dry.qcow2
expect_json '.image.backing == $name' --arg name "$T/b/images/base.raw"
[ ! -e ../other/dry.qcow2 ] || fail 'a dry run made a clone'
# ... but for its header it still shares
"$COW_BUILD/tests/image" sync ../other/shared.qcow2 >"$T/extents"
expect_text "$T/extents" "shared=$(($(stat -c %b top.qcow2) * 512 - 65536))"

# absolute names, names of the network and descriptions lead to the same place from everywhere
for name in "$PWD/base.raw" nbd://host/export 'json:{"driver":"null-co"}'; do
	qemu-img create -q -f qcow2 -u -F raw -b "$name" far.qcow2 4M
	expect_cloned copied far.qcow2 ../other/far.qcow2
	expect_json '.image.backing == $name' --arg name "$name"
	rm far.qcow2 ../other/far.qcow2
done

# By the name of a link nobody can open it, if its backing file is not beside the link as well.
ln -s ../images/top.qcow2 ../other/link.qcow2
for to in . ../other/clone.qcow2; do
	expect_not_cloned 2 ../other ../other/link.qcow2 "$to"
	expect_err 'is a symbolic link, beside which there is no backing file' "name what it leads to: '$PWD/top.qcow2'"
done
ln -s ../images/base.raw ../other/base.raw
expect_status 0 cowctl clone ../other/link.qcow2 linked.qcow2
reads_alike top.qcow2 linked.qcow2
rm ../other/link.qcow2 ../other/base.raw linked.qcow2

# what can't be given another name is refused elsewhere, and cloned here
qemu-img create -q -f qcow2 -u -b base.raw -F raw formatless.qcow2 4M
printf '\0\0\0\0' | dd of=formatless.qcow2 bs=1 seek=112 conv=notrunc status=none # its extension
qemu-img create -q -f qcow -b base.raw -F raw old.qcow 2>"$T/log"
qemu-img create -q -f qcow2 -u -b base.raw -F raw --object secret,id=s,data=x \
	-o encrypt.format=aes,encrypt.key-secret=s secret.qcow2 4M
for name in formatless.qcow2 old.qcow secret.qcow2; do
	expect_not_cloned 2 ../other "$name" ../other
	expect_not_cloned 2 ../other --dry-run "$name" ../other
	expect_err "'base.raw'" 'leads elsewhere' 'clone it into the directory it is in'
	expect_cloned copied "$name" "clone-$name"
done
expect_not_cloned 2 ../other top.qcow2 ../other/shared.qcow2

# said to be raw, it is not looked into: a guest could have written this
expect_cloned copied top.qcow2 ../other/raw --format raw
expect_json '.image | .format == "raw" and .backing == null'
expect_not_cloned 2 ../other --format qcow2 base.raw ../other
expect_err "'base.raw' is no qcow2 image"

# a second image on the same data file would be no clone
qemu-img create -q -f qcow2 -o data_file=data.raw outside.qcow2 4M
qemu-img create -q -f vmdk -o subformat=monolithicFlat flat.vmdk 4M
for name in outside.qcow2 flat.vmdk; do
	expect_not_cloned 2 . "$name" clone
	expect_err "'$name' keeps its data in other files"
done
