#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Definitions of pools that are mounted mean the same to libvirt: they go there and come back, its schema has
# nothing against them, and both name a pool's source alike.
. "$(dirname "$0")/../lib.sh"
need_root
. "$(dirname "$0")/../lib-libvirt.sh"
require jq

pool() {
	as_nobody cowctl pool "$@" --session
}
# What a definition means, in one line.
meaning() {
	xmllint --xpath 'concat(/pool/@type, "|", /pool/name, "|", /pool/uuid, "|", /pool/features/cow/@state, "|",
		/pool/source/device/@path, "|", /pool/source/host/@name, "|", /pool/source/dir/@path, "|",
		/pool/source/format/@type, "|", /pool/source/protocol/@ver, "|", /pool/target/path, "|",
		count(//*[local-name() = "mount_opts"]/*[local-name() = "option"]), "|",
		//*[local-name() = "option"]/@name)' "$1"
}
# there_and_back NAME: the one just defined
there_and_back() {
	expect_status 0 pool dumpxml "$1"
	cp "$T/out" "$T/ours.xml"
	schema storagepool "$T/ours.xml"
	libvirt pool-define "$T/ours.xml"
	as_nobody virsh pool-dumpxml --inactive "$1" >"$T/theirs.xml"
	expect_equal "$(meaning "$T/theirs.xml")" "$(meaning "$T/ours.xml")"
	expect_status 0 pool undefine "$1"
	expect_status 0 pool list --json
	expect_json '.pools[] | select(.name == $name) | .source == "libvirt" and .state == "inactive" and
		.mount_source != null' --arg name "$1"
	expect_status 0 pool define --validate "$T/theirs.xml"
	expect_status 0 pool dumpxml "$1"
	expect_equal "$(meaning "$T/out")" "$(meaning "$T/ours.xml")"
}

for format in auto ext4 xfs; do
	expect_status 0 pool define-as "fs $format" --type fs --source-dev "/dev/sdz-$format" \
		--source-format $format --target "$T/nobody/$format" --cow off
	there_and_back "fs $format"
done
expect_status 0 pool define-as nfs --type netfs --source-host server.example --source-path /export/vms \
	--source-format nfs --source-protocol-ver 4.1 --target "$T/nobody/nfs"
expect_status 0 pool dumpxml nfs
expect_out '<protocol ver="4.1"/>'
there_and_back nfs
for format in cifs glusterfs; do
	expect_status 0 pool define-as $format --type netfs --source-host server.example --source-path "share-$format" \
		--source-format $format --target "$T/nobody/$format"
	there_and_back $format
done

# with options and a protocol
cat >"$T/options.xml" <<END
<pool type='netfs' xmlns:fs='http://libvirt.org/schemas/storagepool/fs/1.0'>
  <name>options</name>
  <source>
    <host name='server.example'/>
    <dir path='/export/more'/>
    <format type='nfs'/>
    <protocol ver='4'/>
  </source>
  <target><path>$T/nobody/options</path></target>
  <fs:mount_opts>
    <fs:option name='sync'/>
    <fs:option name='retry=0'/>
  </fs:mount_opts>
</pool>
END
expect_status 0 pool define "$T/options.xml"
there_and_back options

# a policy for a server's directory: both refuse it
sed 's|<source>|<features><cow state="no"/></features><source>|; s|options<|refused<|; s|/more|/refused|' \
	"$T/options.xml" >"$T/refused.xml"
if libvirt pool-define "$T/refused.xml" 2>/dev/null; then fail "libvirt takes it by now"; fi
expect_status 1 pool define "$T/refused.xml"
expect_err "its server decides"
