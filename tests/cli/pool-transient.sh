#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# pool create starts a pool that nothing is stored of: it goes when it is stopped, and stays when it
# is defined. pool list tells the kinds apart.
. "$(dirname "$0")/../lib.sh"
require jq strace xmllint
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime

pool() {
	cowctl pool "$@" --session
}
# listed OPTION... -- NAME...
listed() {
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	expect_status 0 pool list "${options[@]}" --name
	expect_equal "$(paste -sd' ' "$T/out")" "$*" "pools listed by ${options[*]}"
}

# without a directory there is nothing to start, unless it is made
expect_status 2 pool create-as t --target "$T/t" --cow off
listed --
expect_status 0 pool create-as t --target "$T/t" --cow off --build --json
expect_json '.pools[0] | .state == "active" and .persistent == false and .policy == "off"'
expect_equal "$(find "$T/config" -type f -not -name .lock)" "" "what is stored"
expect_status 0 pool dumpxml t
cp "$T/out" "$T/t.xml"
uuid=$(xmllint --xpath 'string(/pool/uuid)' "$T/t.xml")
expect_status 0 pool name "$uuid"
expect_status 2 pool autostart t
expect_err "not defined"
expect_status 2 pool undefine t

# which it is, beside what is defined
expect_status 0 pool define-as d --target "$T/d"
expect_status 0 pool autostart d
listed -- d t
listed --all -- d t
listed --active -- t
listed --inactive -- d
listed --active --inactive -- d t
listed --persistent -- d
listed --transient -- t
listed --autostart -- d
listed --no-autostart -- t
listed --type dir -- d t
listed --type fs,dir -- d t
listed --type fs,netfs --
listed --type logical --
expect_status 3 pool list --type dir,foo
expect_err "'dir,foo'" "iscsi-direct"
expect_status 3 pool list --type ''
expect_status 3 pool define-as e --target ''
expect_err "'--target' is needed"
listed --active --persistent --
expect_status 0 pool list --uuid --transient
expect_equal "$(cat "$T/out")" "$uuid"
expect_status 0 pool list --details
expect_out NAME PERSISTENT CAPACITY

# gone when it is stopped
expect_status 0 pool stop t
listed -- d
expect_status 2 pool info t
[ -d "$T/t" ] || fail "the directory is gone as well"

# a definition makes it stay, also for who looks at it just then
expect_status 0 pool create "$T/t.xml"
ASAN_OPTIONS=detect_leaks=0 strace --quiet=all -o "$T/looks" -P "$T/runtime/cowctl/pools/t.started" \
	--trace=newfstatat --inject=newfstatat:delay_exit=1s:when=1 "$COWCTL" pool info t --session >"$T/looked" 2>&1 &
until [ -s "$T/looks" ]; do :; done
expect_status 0 pool define "$T/t.xml"
wait $! || fail "looked at while it was stored: $(cat "$T/looked")"
expect_status 0 pool stop t
expect_status 0 pool info t --json
expect_json '.pools[0] | .state == "inactive" and .persistent'

# over a stored one, it is what that is started with
sed "s,$T/t<,$T/other<," "$T/t.xml" >"$T/other.xml"
mkdir "$T/other"
expect_status 0 pool create "$T/other.xml" --json
expect_json '.pools[0] | .path == $path and .persistent' --arg path "$T/other"
expect_status 0 pool dumpxml t
expect_out "<path>$T/other</path>" "<capacity"
expect_status 0 pool dumpxml t --inactive
expect_out "<path>$T/t</path>"
! grep -q '<capacity' "$T/out" || fail "sizes in what is stored"
expect_status 0 pool stop t
expect_status 0 pool info t --json
expect_json '.pools[0].path == $path' --arg path "$T/t"

# a pool whose directory another has is not built: nothing is done to that
expect_status 2 pool create-as thief --target "$T/d" --cow on --build
[ ! -e "$T/d" ] || fail "the directory of another pool was made"
