#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# pool define, define-as, undefine, list, info, dumpxml: what is stored, where, and what it says.
# shellcheck disable=SC2016 # jq has variables of its own
. "$(dirname "$0")/../lib.sh"
require jq xmllint
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime

pool() {
	cowctl pool "$@" --session
}

expect_status 0 pool list
expect_equal "$(cat "$T/out")" "" "a list of no pools"
expect_status 0 pool define-as "my images" --target "$T/a b" --cow off
file="$T/config/cowctl/pools/my images.xml"
xmllint --noout "$file"
expect_equal "$(xmllint --xpath 'string(/pool/features/cow/@state)' "$file")" no
expect_equal "$(stat -c %a "$file")" 644

# found by name and by uuid, in any spelling
uuid=$(xmllint --xpath 'string(/pool/uuid)' "$file")
for name in "my images" "$uuid" "${uuid^^}" "${uuid//-/}"; do
	expect_status 0 pool info "$name" --json
	expect_json '.pools[0].name == "my images"'
done

# every key of the contract, with its type
expect_json '.cowctl.schema == 1 and (.pools | length) == 1'
expect_json '.pools[0] | .type == "dir" and .path == $path and .state == "inactive"
	and .autostart == false and .persistent == true and .policy == "off"
	and .compliance == "unknown" and .capacity == null and .allocation == null
	and .available == null and .source == "cowctl" and .uuid == $uuid' \
	--arg path "$T/a b" --arg uuid "$uuid"
# an empty element is none, as in libvirt
printf "<pool type='dir'><name>empty</name><uuid/><target><path>%s</path><permissions><mode/><owner/><group/><label/>%s" \
	"$T/empty" "</permissions></target></pool>" >"$T/empty.xml"
expect_status 0 pool define "$T/empty.xml"
expect_status 0 pool uuid empty
grep -qE '^[0-9a-f-]{36}$' "$T/out" || fail "it has no uuid"
expect_status 0 pool undefine empty

mkdir "$T/a b"
expect_status 0 pool list --json
expect_json '.pools[0] | (.capacity, .allocation, .available | type) == "number"'
expect_status 0 pool list --noheadings --output name,path
expect_out "my images" "$T/a b"

# what it writes it takes; elements it doesn't know are kept; sizes are not
sed 's,</pool>,<x:y xmlns:x="urn:x">kept</x:y></pool>,' "$file" >"$T/more.xml"
expect_status 0 pool define "$T/more.xml"
expect_status 0 pool dumpxml "my images"
expect_out kept "<capacity unit="
pool dumpxml "my images" | pool define - >"$T/defined"
expect_text "$file" kept
grep -q capacity "$file" && fail "sizes were stored"

# validated: what would be passed over is refused by its line, what is in a namespace is nobody's concern
expect_status 0 pool define --validate "$T/more.xml"
validated() {
	printf "<pool type='dir'>\n<name>v</name>\n%s\n<target><path>/v</path>\n%s\n</target>\n</pool>\n" "$2" "$3" \
		>"$T/v.xml"
	expect_status 3 pool define --validate "$T/v.xml"
	expect_err "line $1 of the definition: "
	expect_status 0 pool define "$T/v.xml"
	expect_status 0 pool undefine v
}
validated 3 '<feature><cow state="no"/></feature>' ''
validated 3 '<features><cov state="no"/></features>' ''
validated 3 '<features><cow state="no" reason="x"/></features>' ''
validated 5 '' '<permissions><mod>0700</mod></permissions>'
expect_status 3 pool create --validate "$T/v.xml"
validated 3 '<source><device path="/dev/sdz1"/></source>' ''
sed -i "s/'dir'/'fs'/; s,</source>,<dir path='x'/>&," "$T/v.xml"
expect_status 3 pool define --validate "$T/v.xml"
expect_err "line 3 of the definition: there is no element 'dir' in /pool/source"

# what goes together or not has a line as well, and none where there is no text; nothing is stored that virsh refuses
refused() {
	printf "<pool type='%s'>\n<name>%s</name>\n%s\n<target>\n<path>%s</path>\n</target>\n</pool>\n" "${@:3}" \
		>"$T/v.xml"
	expect_status 3 pool define "$T/v.xml"
	expect_err "line $1 of the definition: $2"
}
device="<source>
<device path='/dev/sdz1'/>
<format type='bogus'/></source>"
refused 5 "'bogus' is no format of a pool of type 'fs'" fs v "$device" /v
refused 5 "'bogus' is no format of a pool of type 'netfs'" netfs v "$device" /v
refused 3 "the definition has no source device" fs v "<source/>" /v
refused 5 "target path 'rel' is not absolute" dir v "" rel
refused 2 "pool name" dir a/v "" /v
expect_status 3 pool define-as v --target /v --type fs --source-dev /dev/sdz1 --source-format bogus
expect_err "cowctl: 'bogus' is no format"

# relative to where the caller is; policies by name only
cd "$T"
expect_status 0 pool define-as relative --target sub/dir
expect_text "$T/config/cowctl/pools/relative.xml" "<path>$T/sub/dir</path>"
expect_status 3 pool define-as c --target /c --cow maybe
expect_status 3 pool define-as c
expect_err "--target"

# gone, and only the definition
expect_status 0 pool undefine "my images"
[ -d "$T/a b" ] || fail "undefine removed the directory"
expect_status 2 pool info "my images" --json
expect_json '.error.code == "not-found"'

# the system's by default for root, the session's for everybody else
if [ "$(id -u)" -ne 0 ]; then
	expect_status 0 cowctl pool info relative
fi
