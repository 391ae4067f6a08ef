#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Disks of a running domain that are not what is in the file, or not all of it: a mirror would be something
# else. They are refused before anything is changed, and in a dry run.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-live.sh"
need_root
make_guest
make_fs btrfs b
chmod 0755 "$T/b"
libvirtd_start

# refused IMAGE WORDS SOURCE DISK: what stands within the two elements of its definition
refused() {
	local image=$T/b/$1 option
	_domain raw "$image"
	sed -i "s|<source file='$image'/>|<source file='$image'>$3</source>$4|" "$T/guest.xml"
	virsh -q create "$T/guest.xml"
	for option in '' --dry-run; do
		expect_status 2 cowctl convert --live ${option:+"$option"} "$image"
		expect_err "is $2 of the guest 'guest'" "shut the guest down"
	done
	! is_nocow "$image" || fail "converted"
	expect_equal "$(ls -A "$T/b")" "$1" "what is there"
	virsh -q destroy guest
	rm "$image"
}

make_image "$T/b/part" 60M
refused part "in part a disk" \
	"<slices><slice type='storage' offset='$((10 << 20))' size='$((40 << 20))'/></slices>" ""

uuid=0a81f5b2-8403-7b23-c8d6-21ccc2f80d6f
printf secret >"$T/secret"
cat >"$T/secret.xml" <<END
<secret ephemeral='no' private='no'>
  <uuid>$uuid</uuid>
  <usage type='volume'><volume>$T/b/luks</volume></usage>
</secret>
END
virsh -q secret-define "$T/secret.xml"
virsh -q secret-set-value $uuid --file "$T/secret" --plain
# On a busy machine it can't tell how long a key takes.
wait_for "a LUKS image" qemu-img create -q -f luks --object "secret,id=s,file=$T/secret" \
	-o key-secret=s,iter-time=10 "$T/b/luks" 40M
refused luks "an encrypted disk" "<encryption format='luks'><secret type='passphrase' uuid='$uuid'/></encryption>" ""

# libvirt would not know of it.
make_image "$T/b/monitored" 40M
_domain raw "$T/b/monitored"
sed -i -e "s|<domain |&xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0' |" \
	-e "s|</domain>|<qemu:commandline><qemu:arg value='-qmp'/><qemu:arg value='unix:$T/qmp,server=on,wait=off'/></qemu:commandline>&|" \
	"$T/guest.xml"
virsh -q create "$T/guest.xml"
for option in '' --dry-run; do
	expect_status 2 cowctl convert --qmp "$T/qmp" ${option:+"$option"} "$T/b/monitored"
	expect_err "is a disk of a guest of libvirt" "use --live"
done
! is_nocow "$T/b/monitored" || fail "converted"
expect_status 0 cowctl convert --live "$T/b/monitored"
virsh -q destroy guest
rm "$T/b/monitored"

make_image "$T/b/shared" 40M
refused shared "a shareable disk" "" "<shareable/>"
