#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Definitions go to libvirt and come back from it meaning the same, and libvirt's own pools are
# listed and left alone. Its daemon is a real one, unprivileged, its folders are in the test's.
. "$(dirname "$0")/../lib.sh"
need_root
. "$(dirname "$0")/../lib-libvirt.sh"

pool() {
	as_nobody cowctl pool "$@" --session
}
# What a definition means, in one line.
meaning() {
	xmllint --xpath 'concat(/pool/@type, "|", /pool/name, "|", /pool/uuid, "|",
		/pool/features/cow/@state, "|", /pool/target/path, "|",
		/pool/target/permissions/mode)' "$1"
}

# ours to theirs, and back
for policy in off on auto; do
	expect_status 0 pool define-as "a & $policy" --target "$T/nobody/ä $policy" --cow $policy
	expect_status 0 pool dumpxml "a & $policy"
	cp "$T/out" "$T/ours.xml"
	schema storagepool "$T/ours.xml"
	libvirt pool-define "$T/ours.xml"
	as_nobody virsh pool-dumpxml --inactive "a & $policy" >"$T/theirs.xml"
	expect_equal "$(meaning "$T/theirs.xml")" "$(meaning "$T/ours.xml")"
	expect_status 0 pool undefine "a & $policy"
	expect_status 0 pool define "$T/theirs.xml"
	expect_status 0 pool dumpxml "a & $policy"
	expect_equal "$(meaning "$T/out")" "$(meaning "$T/ours.xml")"
done

# theirs, with everything libvirt writes, built by us and used by libvirt
cat >"$T/rich.xml" <<END
<pool type='dir'>
  <name>rich</name>
  <target>
    <path>$T/nobody/rich</path>
    <permissions><mode>0750</mode><owner>65534</owner><group>65534</group></permissions>
  </target>
</pool>
END
libvirt pool-define "$T/rich.xml"
as_nobody virsh pool-dumpxml --inactive rich >"$T/theirs.xml"
expect_status 0 pool define --validate "$T/theirs.xml"
expect_status 0 pool build rich
expect_equal "$(stat -c %a:%u "$T/nobody/rich")" 750:65534
expect_status 0 pool dumpxml rich
schema storagepool "$T/out"
expect_equal "$(meaning "$T/out")" "$(meaning "$T/theirs.xml")"
libvirt pool-start rich
libvirt vol-create-as rich image 1M
[ -e "$T/nobody/rich/image" ] || fail "libvirt made no volume"

# both are listed, with the state each has for its owner; libvirt's are not changed
expect_status 0 pool list --json
expect_json '[.pools[] | select(.name == "rich") | .source + " " + .state]
	== ["cowctl inactive", "libvirt active"]'
expect_status 0 pool undefine rich
EDITOR=false expect_status 2 pool edit rich
expect_err "is libvirt's"
expect_status 2 pool undefine rich
expect_err "is libvirt's"
libvirt pool-info rich >"$T/info"

# whatever names libvirt takes
for name in '.' '.x' 'tab&#9;x' "$(printf 'x%.0s' {1..220})"; do
	printf "<pool type='dir'><name>%s</name><target><path>%s</path></target></pool>" "$name" "$T/nobody/${#name}" \
		>"$T/named.xml"
	libvirt pool-define "$T/named.xml"
	name=${name/&#9;/$'\t'}
	expect_status 0 pool list --json
	expect_json '[.pools[].name] | index($name)' --arg name "$name"
	expect_status 0 pool info "$name" --json
	expect_json '.pools[0] | .name == $name and .source == "libvirt"' --arg name "$name"
done
for name in '' .. a/b; do
	expect_status 2 pool info "$name"
	expect_err 'no pool'
done
