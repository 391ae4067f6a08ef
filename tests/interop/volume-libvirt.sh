#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# libvirt and cowctl see the same volumes in the same directory, with the same sizes, formats and
# backing files, and libvirt makes a volume from our XML.
. "$(dirname "$0")/../lib.sh"
need_root
. "$(dirname "$0")/../lib-libvirt.sh"
require jq qemu-img
pool=$T/nobody/pool

vol() {
	as_nobody cowctl vol "$1" --session "${@:2}"
}
# What XML says of a volume, in one line. libvirt leaves out that a qcow2 is of the old version.
meaning() {
	xmllint --xpath 'concat(/volume/@type, "|", /volume/name, "|", /volume/key, "|",
		/volume/capacity, "|", /volume/allocation, "|", /volume/target/path, "|",
		/volume/target/format/@type, "|", /volume/target/permissions/mode, "|",
		/volume/target/permissions/owner, "|", /volume/target/timestamps/mtime, "|",
		/volume/target/encryption/@format, "|", /volume/target/compat[. != "0.10"], "|",
		/volume/target/clusterSize, "|", count(/volume/target/features/lazy_refcounts), "|", /volume/backingStore/path, "|",
		/volume/backingStore/format/@type)' "$1"
}

libvirt pool-define-as pool dir --target "$pool"
libvirt pool-build pool
make_image "$pool/raw" 1M
as_nobody qemu-img create -q -f raw "$pool/sparse & <more>" 1G
as_nobody qemu-img create -q -f qcow2 "$pool/v3" 2G
as_nobody qemu-img create -q -f qcow2 -o compat=0.10 "$pool/v2" 3G
as_nobody qemu-img create -q -f qcow2 -o cluster_size=4096,lazy_refcounts=on "$pool/lazy" 3G
as_nobody qemu-img create -q -f qcow2 -b v3 -F qcow2 "$pool/overlay"
for format in qed vdi vmdk vpc; do
	as_nobody qemu-img create -q -f $format "$pool/$format" 1G
done
printf secret >"$T/nobody/secret"
for ((i = 0; i < 9; i++)); do # QEMU may fail to find out how fast this machine is
	if as_nobody qemu-img create -q -f luks --object secret,id=s,file="$T/nobody/secret" -o key-secret=s \
		"$pool/luks" 1G; then break; fi
done
as_nobody mkdir "$pool/directory" "$pool/lost+found"
as_nobody ln -s raw "$pool/link"
as_nobody mkfifo "$pool/fifo"
as_nobody ln -s nowhere "$pool/dangling"
chown -R 65534:65534 "$pool"
libvirt pool-start pool

# the same volumes, but for the broken one that libvirt hides
virsh_names() {
	as_nobody virsh vol-list pool | sed -n '3,$s/^ \(.*[^ ]\)  *\/.*$/\1/p'
}
expect_status 2 vol list pool --json
expect_equal "$(json "$T/out" '.volumes[] | select(.name != "dangling").name')" "$(virsh_names | LC_ALL=C sort)"

# the same in all that both say
while IFS= read -r name; do
	expect_status 0 vol dumpxml --pool pool "$name"
	cp "$T/out" "$T/ours.xml"
	schema storagevol "$T/ours.xml"
	libvirt vol-dumpxml --pool pool "$name" >"$T/theirs.xml"
	expect_equal "$(meaning "$T/ours.xml")" "$(meaning "$T/theirs.xml")" "$name"
	expect_status 0 vol path --pool pool "$name"
	expect_equal "$(cat "$T/out")" "$(libvirt vol-path --pool pool "$name")"
done < <(virsh_names)

# ours makes a volume of theirs
expect_status 0 vol dumpxml --pool pool overlay
sed 's/overlay/again/' "$T/out" >"$T/again.xml"
libvirt vol-create pool "$T/again.xml"
expect_status 0 vol info --pool pool again --json
expect_json '.volumes[0] | .format == "qcow2" and .capacity == 2147483648 and (.backing | endswith("/v3"))'

# theirs makes one of ours, in every format that both know
expect_status 0 as_nobody cowctl pool define-as --session ours --target "$T/nobody/ours"
expect_status 0 as_nobody cowctl pool build --session ours
expect_status 0 as_nobody cowctl pool start --session ours
for name in raw 'sparse & <more>' v3 v2 lazy overlay qed vdi vmdk vpc; do
	libvirt vol-dumpxml --pool pool "$name" >"$T/theirs.xml"
	expect_status 0 vol create ours "$T/theirs.xml"
	expect_status 0 vol info --pool pool "$name" --json
	theirs=$(json "$T/out" '.volumes[0] | "\(.format) \(.capacity) \(.backing)"')
	expect_status 0 vol info --pool ours "$name" --json
	expect_equal "$(json "$T/out" '.volumes[0] | "\(.format) \(.capacity) \(.backing)"')" "$theirs" "$name"
done
