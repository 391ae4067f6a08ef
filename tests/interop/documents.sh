#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Documents of pools of files and their volumes, in all shapes that libvirt takes and some that it doesn't: what
# libvirt and cowctl say of each, and that they mean the same by it, there and back.
. "$(dirname "$0")/../lib.sh"
need_root
. "$(dirname "$0")/../lib-libvirt.sh"
require jq qemu-img
without_sanitizers # they have the units' tests; here are hundreds of calls
documents=$COW_TESTS/data/documents
wrong=0
declare -A seen

# Exit status of cowctl, of virsh; and what comes out different, for a reason.
pools() {
	pool dir 0 0
	pool dir-cow 0 0
	pool dir-strange 0 0
	pool dir-nowhere 3 1
	pool fs 0 0
	pool fs-auto 0 0
	pool netfs 0 0
	pool netfs-auto 0 0
	pool netfs-slash 0 0
	pool netfs-version 0 0
	pool netfs-options 0 0
	pool netfs-cifs 0 0
	pool netfs-gluster 0 0
	pool netfs-gluster-name 0 0
	pool netfs-cow 1 1
}
volumes() {
	volume raw 0 0
	volume raw-empty 0 0
	volume raw-no-capacity 3 1
	volume raw-backed 3 1
	volume iso 0 0
	volume dir 0 0
	volume qcow2 0 0
	volume qcow2-old 0 0 back # libvirt doesn't say that it is of the old version, which is no reason to make one
	volume qcow2-lazy 0 0
	volume qcow2-old-lazy 3 1
	volume qcow2-clusters 0 0
	volume qcow2-parts 0 0
	volume qcow2-empty 0 0 ours # libvirt takes the length of its file for it
	volume qcow2-no-capacity 3 1
	volume qcow2-nocow 0 0
	volume qcow2-backed 0 0
	volume qcow2-backed-size 0 0
	volume qcow2-backed-nothing 0 0
	volume qcow2-backed-no-format 3 0 # libvirt takes it for raw
	volume qcow2-backed-missing 2 1
	volume qcow2-qcow 1 1
	volume qed 0 0
	volume vmdk 0 0
	volume vdi 0 0
	volume vpc 0 0 ours # libvirt's is bigger, by the geometry
	volume luks 0 0
	volume qcow2-luks 0 0
}

# What a definition means, in one line; libvirt writes down what is found out otherwise.
meaning_of_pool() {
	xmllint --xpath 'concat(/pool/@type, "|", /pool/name, "|", /pool/features/cow/@state, "|",
		/pool/source/device/@path, "|", /pool/source/host/@name, "|",
		substring(/pool/source/dir/@path, 1, string-length(/pool/source/dir/@path) -
			number(substring(/pool/source/dir/@path, string-length(/pool/source/dir/@path)) = "/")), "|",
		/pool/source/format/@type[. != "auto"], "|", /pool/source/protocol/@ver, "|",
		/pool/target/permissions/mode, "|", /pool/target/permissions/owner[. != "-1"], "|",
		/pool/target/permissions/group[. != "-1"], "|", /pool/target/permissions/label, "|",
		//*[local-name() = "option"][1]/@name, "|", //*[local-name() = "option"][2]/@name)' "$1"
}
meaning_of_volume() {
	xmllint --xpath 'concat(/volume/@type, "|", /volume/name, "|", /volume/capacity, "|",
		/volume/target/format/@type, "|", /volume/target/permissions/mode, "|",
		/volume/target/encryption/@format, "|", /volume/target/compat[. != "0.10"], "|",
		/volume/target/clusterSize, "|", count(/volume/target/features/lazy_refcounts), "|",
		count(/volume/target/features/extended_l2), "|",
		/volume/backingStore/path, "|", /volume/backingStore/format/@type)' "$1"
}

# A row fails, and the others are looked at all the same.
complain() {
	echo "$row: $*" >&2
	wrong=1
}
# gives STATUS COMMAND...: like expect_status; QEMU may fail to find out how fast this machine is, which is luck.
gives() {
	local expected=$1 status try
	shift
	for try in {1..40}; do
		status=0
		"$@" >"$T/out" 2>"$T/err" || status=$?
		grep -q 'accurate CPU usage' "$T/err" || break
	done
	[ "$status" -eq "$expected" ] && return
	complain "status $status instead of $expected in try $try: $* $(cat "$T/err")"
	return 1
}
same() {
	[ "$1" = "$2" ] || complain "$3 means '$1', not '$2'"
}

ours() {
	as_nobody cowctl "$1" "$2" --session "${@:3}"
}

# What one has of a pool, in $T/FILE.
our_pool() {
	gives 0 ours pool dumpxml "$name" && cp "$T/out" "$T/$1"
}
their_pool() {
	gives 0 libvirt pool-dumpxml --inactive "$name" && cp "$T/out" "$T/$1"
	gives 0 libvirt pool-undefine "$name"
}
# pool NAME OURS THEIRS
pool() {
	local row=pool-$1 file=$documents/pool-$1.xml name
	seen[$row]=1
	name=$(xmllint --xpath 'string(/pool/name)' "$file")
	gives "$2" ours pool define "$file" || return 0
	gives "$3" libvirt pool-define "$file" || return 0
	[ "$2" -eq 0 ] && [ "$3" -eq 0 ] || return 0
	our_pool ours.xml
	their_pool theirs.xml
	gives 0 ours pool info "$name" --json && same "$(json "$T/out" '.pools[0].path')" \
		"$(xmllint --xpath 'string(/pool/target/path)' "$T/theirs.xml")" path
	same "$(meaning_of_pool "$T/ours.xml")" "$(meaning_of_pool "$T/theirs.xml")" ours
	gives 0 libvirt pool-define "$T/ours.xml" && their_pool there.xml
	same "$(meaning_of_pool "$T/there.xml")" "$(meaning_of_pool "$T/theirs.xml")" there
	gives 0 ours pool undefine "$name"
	gives 0 ours pool define --validate "$T/theirs.xml" && our_pool back.xml
	same "$(meaning_of_pool "$T/back.xml")" "$(meaning_of_pool "$T/theirs.xml")" back
	gives 0 ours pool undefine "$name"
}

# volume NAME OURS THEIRS [DIFFERENT]: in each of two pools of both, out of a document, and out of what the other one
# says of it
volume() {
	local row=volume-$1 different=${4:-} name secret=()
	seen[$row]=1
	sed "s|@POOL@|$T/nobody/base|" "$documents/$row.xml" >"$T/in.xml"
	name=$(xmllint --xpath 'string(/volume/name)' "$T/in.xml")
	! grep -q luks "$T/in.xml" || secret=(--secret-file "$T/nobody/secret")
	gives "$2" ours vol create ours "$T/in.xml" "${secret[@]}" || return 0
	gives "$3" libvirt vol-create theirs "$T/in.xml" || return 0
	[ "$2" -eq 0 ] && [ "$3" -eq 0 ] || return 0
	our_volume_xml ours "$T/ours.xml"
	their_volume_xml theirs "$T/theirs.xml"
	same_volume ours
	[ ${#secret[@]} -eq 0 ] || return 0 # as far as what is said goes: the secret is not in it
	gives 0 libvirt vol-create there "$T/ours.xml" || return 0
	their_volume_xml there "$T/there.xml"
	same_volume there
	gives 0 ours vol create back --validate "$T/theirs.xml" || return 0
	our_volume_xml back "$T/back.xml"
	same_volume back
}
same_volume() {
	local one theirs
	one=$(meaning_of_volume "$T/$1.xml")
	theirs=$(meaning_of_volume "$T/theirs.xml")
	if [ "$1" = "$different" ]; then
		[ "$one" != "$theirs" ] || complain "$1 is not different any more"
	else
		same "$one" "$theirs" "$1"
	fi
}
our_volume_xml() {
	gives 0 ours vol dumpxml --pool "$1" "$name" && cp "$T/out" "$2"
	schema storagevol "$2" 2>"$T/err" || complain "libvirt's schema: $(cat "$T/err")"
}
# What a refresh finds: before it libvirt says of a volume what was asked for.
their_volume_xml() {
	gives 0 libvirt pool-refresh "$1"
	gives 0 libvirt vol-dumpxml --pool "$1" "$name" && cp "$T/out" "$2"
}

pools
for one in ours back; do
	expect_status 0 ours pool define-as $one --target "$T/nobody/$one"
	expect_status 0 ours pool build $one
	expect_status 0 ours pool start $one
done
for one in theirs there; do
	libvirt pool-define-as $one dir --target "$T/nobody/$one"
	libvirt pool-build $one
	libvirt pool-start $one
done
as_nobody mkdir "$T/nobody/base"
as_nobody qemu-img create -q -f qcow2 "$T/nobody/base/base" 48M
secret_uuid=8e1f2b60-5c3d-4b7a-9f10-2d6c7a40e915
printf '%s' 'open sesame' >"$T/nobody/secret"
printf '<secret ephemeral="no" private="yes"><uuid>%s</uuid></secret>' $secret_uuid >"$T/secret.xml"
libvirt -c secret:///session secret-define "$T/secret.xml"
libvirt -c secret:///session secret-set-value $secret_uuid --file "$T/nobody/secret" --plain
volumes
for file in "$documents"/*.xml; do
	row=$(basename "$file" .xml)
	[ -n "${seen[$row]:-}" ] || complain "no row for it"
done
[ "$wrong" -eq 0 ] || fail "some documents are not taken as they should be"
