#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The SELinux label of <permissions>: a pool's directory and its volumes get it, or a volume its own, and where it
# can't be had nothing is made.
. "$(dirname "$0")/../lib.sh"
need_root
. "$(dirname "$0")/../lib-volume.sh"
require getfattr qemu-img xmllint
label=system_u:object_r:virt_image_t:s0
own=system_u:object_r:virt_content_t:s0
make_fs btrfs b
dir=$T/b/vms

label_of() {
	getfattr --absolute-names --only-values -n security.selinux "$1" 2>/dev/null | tr -d '\0'
}
# definition [LABEL]
definition() {
	cat >"$T/pool.xml" <<-END
		<pool type='dir'>
		  <name>vms</name>
		  <uuid>262a9953-f326-4bf1-b198-52a351ea9a0f</uuid>
		  <features><cow state='no'/></features>
		  <target><path>$dir</path><permissions><mode>0750</mode>${1:+<label>$1</label>}</permissions></target>
		</pool>
	END
	expect_status 0 cowctl pool define --validate --session "$T/pool.xml"
}

definition "$label"
expect_status 0 cowctl pool build --session vms
expect_equal "$(label_of "$dir")" "$label"
expect_status 0 cowctl pool start --session vms
for format in raw qcow2 dir; do
	expect_status 0 vol create-as vms $format 1M --format $format
	expect_equal "$(label_of "$dir/$format")" "$label" "label of a $format volume"
done
expect_status 0 vol clone --pool vms raw clone
expect_equal "$(label_of "$dir/clone")" "$label" "label of a clone"
is_nocow "$dir/raw" || fail "CoW"
expect_status 0 vol dumpxml --pool vms raw
expect_equal "$(xmllint --xpath 'string(//label)' "$T/out")" "$label"

# a volume's own, and what was dumped comes back
sed "s|<name>raw|<name>own|; s|$label|$own|" "$T/out" >"$T/own.xml"
expect_status 0 vol create vms "$T/own.xml"
expect_equal "$(label_of "$dir/own")" "$own"
sed "s|<name>own|<name>empty|; s|<label>.*</label>|<label/>|" "$T/own.xml" >"$T/empty.xml"
expect_status 0 vol create vms "$T/empty.xml"
expect_equal "$(label_of "$dir/empty")" "$label" "label where the volume's own is empty"

# without one in the definition nothing is touched; what is there is given another by building again
expect_status 0 cowctl pool stop --session vms
definition
expect_status 0 cowctl pool build --session vms
expect_equal "$(label_of "$dir")" "$label"
definition "$own"
expect_status 0 cowctl pool build --session vms
expect_equal "$(label_of "$dir")" "$own"
rm -r "$dir"

# not to be had: nothing is left
definition "$(printf '%02000d' 0)"
expect_status 3 cowctl pool build --session vms
[ ! -e "$dir" ] || fail "a directory without its label"
