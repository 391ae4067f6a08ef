#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The guest of a raw disk writes a header into it that names other files. They are neither changed nor read, nor said to
# be wiped; who says what the volume is has it taken for that.
. "$(dirname "$0")/../lib.sh"
need_root
. "$(dirname "$0")/../lib-volume.sh"
require qemu-img qemu-io cryptsetup
make_fs ext4 x
make_pool vms "$T/x/vms"
cd "$T/x/vms"
make_image "$T/victim" 2M
before=$(sum_of "$T/victim")

# disk NAME OPTIONS...: raw, with such a header
disk() {
	truncate -s 64M "$1"
	cp "$T/victim" "$T/kept"
	qemu-img create -q -f qcow2 "${@:2}" "$T/header" 2M
	cp "$T/kept" "$T/victim"
	dd if="$T/header" of="$1" conv=notrunc status=none
}
echo "<volume><name>new</name></volume>" >"$T/vol.xml"
disk external -o "data_file=$T/victim,data_file_raw=on"
disk backed -b "$T/victim" -F raw
disk network -b nbd://127.0.0.1:1/ -F raw -u

for call in 'resize 1M --shrink' 'resize 4M' 'resize 4M --format qcow2' wipe 'clone new'; do
	IFS=' ' read -ra words <<<"$call"
	expect_status 2 vol "${words[0]}" --pool vms external "${words[@]:1}"
	expect_err "keeps its data in other files" "--format raw"
done
qemu-img create -q -f vmdk "$T/parent" 2M
qemu-img create -q -f vmdk -b "$T/parent" -F vmdk parented
at=$(grep -abo parentFileNameHint parented)
printf '#' | dd of=parented bs=1 seek=$((${at%%:*} - 1)) conv=notrunc status=none # QEMU finds it all the same

for disk in external backed network parented; do
	expect_status 2 vol create-from vms "$T/vol.xml" --inputpool vms $disk
	expect_err "by a header that a guest may have written" "--input-format"
	[ ! -e new ] || fail "$disk: something is made of it"
done
expect_status 2 vol resize --pool vms network 4M
expect_err "a network name" "--format"
expect_equal "$(sum_of "$T/victim")" "$before"

# said to be raw it is
expect_status 0 vol resize --pool vms external 65M --format raw
expect_equal "$(stat -c %s external)" $((65 << 20))
expect_status 0 vol create-from vms "$T/vol.xml" --inputpool vms external --input-format raw
cmp new external
rm new
expect_status 0 vol clone --pool vms external new --format raw
cmp new external
expect_status 0 vol wipe --pool vms external --format raw
cmp -n $((65 << 20)) external /dev/zero
expect_equal "$(sum_of "$T/victim")" "$before"
rm new

# said to have the format, what it names is read
expect_status 0 vol create-from vms "$T/vol.xml" --inputpool vms backed --input-format qcow2
cmp new "$T/victim"
rm new
disk external -o "data_file=$T/victim,data_file_raw=on"
expect_status 0 vol create-from vms "$T/vol.xml" --inputpool vms external --input-format qcow2
cmp new "$T/victim"

# nor is the content of a backing file asked what it is
disk base -b "$T/victim" -F raw
qemu-img create -q -f qcow2 -u -b "$PWD/base" -F raw over 64M
at=$(LC_ALL=C grep -abo -P '\xe2\x79\x2a\xca' over | head -n 1)
printf '\1' | dd of=over bs=1 seek="${at%%:*}" conv=notrunc status=none # an extension that nobody knows
rm new
expect_status 2 vol create-from vms "$T/vol.xml" --inputpool vms over --input-format qcow2
expect_err "whose format is not on record"
sed "s|</volume>|<target><format type='qcow2'/></target><backingStore><path>$PWD/base</path>\
	<format type='raw'/></backingStore></volume>|" "$T/vol.xml" >"$T/onto.xml"
expect_status 0 vol create-from vms "$T/onto.xml" --inputpool vms over
qemu-img compare -q -f raw -F qcow2 base new || fail "a raw backing file is taken for something else"
rm base

# one that its guest has encrypted is raw as well
for version in 1 2; do
	luks=luks$version
	truncate -s 40M $luks
	cryptsetup luksFormat -q --type $luks --pbkdf pbkdf2 --pbkdf-force-iterations 1000 $luks "$T/vol.xml"
	expect_status 0 vol resize --pool vms $luks 60M --format raw
	expect_equal "$(stat -c %s $luks)" $((60 << 20))
done
expect_status 1 vol resize --pool vms luks2 64M
expect_err "LUKS version 2" "--format raw"

# a disk in several files
qemu-img create -q -f vmdk -o subformat=twoGbMaxExtentFlat several 1M
before=$(sum_of several)$(sum_of several-f001)
for call in wipe 'resize 2M' 'resize 2M --format vmdk'; do
	IFS=' ' read -ra words <<<"$call"
	expect_status 2 vol "${words[0]}" --pool vms several "${words[@]:1}"
done
expect_equal "$(sum_of several)$(sum_of several-f001)" "$before"

# one with a backing file beside it is resized, and the backing file is left alone
make_image base 1M
before=$(sum_of base)
qemu-img create -q -f qcow2 -b base -F raw overlay
expect_status 0 vol resize --pool vms overlay 2M --json
expect_json '.volumes[0].capacity == 2097152'
qemu-io -r -f qcow2 -c 'read -P 0 1M 1M' overlay >"$T/info"
! grep -q 'verification failed' "$T/info" || fail "what is added is not zeros"
expect_equal "$(sum_of base)" "$before"
