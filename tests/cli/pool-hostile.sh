#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Definitions that are broken, hostile or can't be: one line says so, nothing is stored, and what
# else is stored stays visible.
. "$(dirname "$0")/../lib.sh"
require jq strace
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime
pools=$T/config/cowctl/pools

# refused WHAT: the definition in $T/x is, in one line on stderr that says WHAT.
refused() {
	expect_status 3 cowctl pool define --session "$T/x"
	expect_err "$1"
	expect_equal "$(wc -l <"$T/err")" 1 "lines of error"
	[ ! -e "$pools" ] || expect_equal "$(ls -A -I .lock "$pools")" good.xml "the store"
}
dir() {
	printf "<pool type='dir'><name>%s</name><target><path>%s</path></target></pool>" "$1" "$2" >"$T/x"
}

expect_status 0 cowctl pool define-as good --session --target /good
for name in '' . .. .x a/b ../../x; do
	dir "$name" /p && refused "pool name"
done
dir 'a&#10;b' /p && refused "control character"
dir "$(printf 'x%.0s' {1..201})" /p && refused "longer than 200 bytes"
dir a p && refused "not absolute"
dir a '' && refused "not absolute"
dir a / && refused "root directory"
dir a /srv/../etc && refused "'..'"
dir a "$(printf '/x%.0s' {1..2048})" && refused "longer than a path can be"
dir $'a\xff' /p && refused "not XML"
dir $'a\x01' /p && refused "not XML"
dir a '/p</path><path>/q' && refused "twice"
echo '<pool' >"$T/x" && refused "not XML"
: >"$T/x" && refused "not XML"
echo '<domain/>' >"$T/x" && refused "root element"
yes '<a>' | head -c 500000 >"$T/x" && refused "not XML"
truncate -s 100M "$T/x" && refused "longer than 1 MiB"
# as it is stored it has to be short enough to be read again: what is there stays
{
	printf "<pool type='dir'><name>good</name><uuid>%s</uuid><target><path>/good</path></target>" \
		"$(cowctl pool uuid good --session)"
	printf '<b%d/>' {1..90000}
	echo '</pool>'
} >"$T/x"
refused "longer than 1 MiB when it is written"
expect_status 0 cowctl pool info good --session
echo "<pool type='zfs'><name>a</name></pool>" >"$T/x"
expect_status 1 cowctl pool define --session "$T/x"
expect_err "'zfs'" "type='dir'"

# what is wrong has a line
printf "<pool type='dir'>\n<name>a</name>\n<features>\n<cow state='maybe'/>\n</features></pool>" >"$T/x"
refused "line 4 of the definition: <cow state='maybe'>"
printf "<pool type='dir'>\n<name>a</name>\n<uuid>1</uuid></pool>" >"$T/x"
refused "line 3 of the definition: '1' is no uuid"
printf "<pool type='dir'>\n<name>a</name>\n\n<name>b</name></pool>" >"$T/x"
refused "line 4 of the definition: <name> is there twice"

# no entity is expanded, no file and no network touched for one
{
	echo "<!DOCTYPE pool [<!ENTITY a 'ha'>"
	for i in {b..z}; do echo "<!ENTITY $i '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>"; done
	echo "]><pool type='dir'><name>&z;</name></pool>"
} >"$T/x"
refused "document type"
echo secret >"$T/secret"
printf "<!DOCTYPE pool [<!ENTITY x SYSTEM 'file://%s/secret'>]><pool type='dir'><name>&x;</name></pool>" \
	"$T" >"$T/x"
refused "document type"
ASAN_OPTIONS=detect_leaks=0 strace -f -e trace=open,openat,socket,connect -o "$T/trace" \
	"$COWCTL" pool define --session "$T/x" 2>"$T/err" || true
expect_text "$T/trace" "$T/x"
! grep -E 'secret|socket' "$T/trace" || fail "something was fetched"

# what XML can't carry can't be a pool; anything else can
expect_status 3 cowctl pool define-as bytes --session --target $'/a\xff'
expect_err "can't be written as XML" '\xff'
expect_status 0 cowctl pool define-as --session --target $'/-x\n\ty <&>\'"' -- '-dash <&>'
expect_status 0 cowctl pool info --session --json -- '-dash <&>'
expect_json '.pools[0].path == "/-x\n\ty <&>'\''\""'

# one that can't be read is named, and hides no other
echo junk >"$pools/broken.xml"
mkfifo "$pools/fifo.xml"
expect_status 2 cowctl pool list --session --json
expect_err ".xml" "2 pool definitions"
expect_json '[.pools[].name] == ["-dash <&>", "good"] and .error'
expect_status 2 cowctl pool info broken --session
expect_err "broken.xml"
rm "$pools/broken.xml"
expect_status 2 cowctl pool info missing --session
expect_err "no pool 'missing'" "fifo.xml': read it: Invalid argument"

# what is broken names the file to remove, for every verb; then all goes on
rm -rf "$T/config" "$T/runtime"
mkdir "$T/p"
expect_status 0 cowctl pool define-as p --session --target "$T/p"
expect_status 0 cowctl pool start p --session
for file in "$T/runtime/cowctl/pools/p.started" "$pools/p.xml"; do
	echo '<broken' >"$file"
	for verb in info stop start undefine; do
		expect_status 2 cowctl pool $verb p --session --json
		expect_json '(.error.message | contains($file)) and .error.remedy == "correct or remove that file"' \
			--arg file "$file"
	done
	rm "$file"
done
expect_status 2 cowctl pool info p --session
expect_err "no pool 'p'"

# without a runtime directory nothing of it lies where all may be deleted
unset XDG_RUNTIME_DIR
expect_status 0 cowctl pool define-as p --session --target "$T/p"
expect_status 0 cowctl pool start p --session
rm -rf "$T/cache/cowctl/pools"
expect_status 0 cowctl pool info p --session --json
expect_json '.pools[0].state == "active"'
