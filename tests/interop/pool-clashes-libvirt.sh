#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Names, uuids, directories and states of pools that clash: both do the same, or refuse the same.
. "$(dirname "$0")/../lib.sh"
need_root
. "$(dirname "$0")/../lib-libvirt.sh"
one=11111111-1111-4111-8111-111111111111
two=22222222-2222-4222-8222-222222222222

# definition NAME UUID DIRECTORY: for each side, with directories of its own.
definition() {
	local side
	for side in ours theirs; do
		printf "<pool type='dir'><name>%s</name><uuid>%s</uuid><target><path>%s</path></target></pool>" \
			"$1" "$2" "$T/nobody/$side/$3" >"$T/$1-$2-$3.$side"
	done
}
# both VERB ARGUMENT...: in both worlds; a definition is named without its side. They agree on
# whether it can be done, and after it on what there is.
both() {
	local ours="done" theirs="done" verb=$1 mine=$2 yours=$2
	[ "$verb" != stop ] || verb=destroy
	if [ -e "$T/$2.ours" ]; then
		mine=$T/$2.ours yours=$T/$2.theirs
	fi
	as_nobody cowctl pool "$1" --session "$mine" "${@:3}" >"$T/out" 2>"$T/err" || ours=refused
	libvirt "pool-$verb" "$yours" "${@:3}" >"$T/out" 2>"$T/their-err" || theirs=refused
	expect_equal "$ours" "$theirs" "$*: $(cat "$T/err" "$T/their-err")"
	expect_equal "$(our_pools)" "$(their_pools)" "what there is after $*"
	did=$ours
}
our_pools() {
	as_nobody cowctl pool list --session --json |
		jq -r '.pools[] | select(.source == "cowctl") |
			"\(.name) \(.state) \(if .persistent then "yes" else "no" end) \(if .autostart then "yes" else "no" end)"'
}
their_pools() {
	libvirt pool-list --all --details | awk 'NF { sub("running", "active", $2); print $1, $2, $4, $3 }'
}
done_by_both() {
	both "$@"
	expect_equal "$did" "done" "$*"
}
refused_by_both() {
	both "$@"
	expect_equal "$did" refused "$*"
}

# in_both NAME DIRECTORY DIRECTORY: where it is in use, and where the stored definition has it
in_both() {
	local ours theirs
	ours=$(as_nobody cowctl pool dumpxml --session "$1" | place) theirs=$(libvirt pool-dumpxml "$1" | place)
	expect_equal "$ours $theirs" "$2 $2" "where $1 is"
	ours=$(as_nobody cowctl pool dumpxml --session "$1" --inactive | place)
	theirs=$(libvirt pool-dumpxml "$1" --inactive | place)
	expect_equal "$ours $theirs" "$3 $3" "where $1 will be"
}
place() {
	xmllint --xpath 'string(/pool/target/path)' - | grep -o '[a-z]*$'
}

as_nobody mkdir -p "$T/nobody/"{ours,theirs}/{a,b,c}
for name in a b; do
	for uuid in $one $two; do
		for directory in a b c missing; do
			definition $name "$uuid" $directory
		done
	done
done

# a pool that nothing is stored of
done_by_both create "a-$one-a"
refused_by_both create "a-$one-a"
refused_by_both create "a-$two-b"
refused_by_both create "b-$one-b"
refused_by_both create "b-$two-a"
refused_by_both create "b-$two-missing"
refused_by_both define "a-$two-b"
refused_by_both define "b-$one-b"
refused_by_both define "b-$two-a"
for verb in autostart undefine delete build start; do
	refused_by_both $verb a
done
done_by_both refresh a
done_by_both define "a-$one-a"
refused_by_both undefine a
done_by_both stop a

# one that is stored
refused_by_both stop a
refused_by_both refresh a
refused_by_both define "a-$two-b"
refused_by_both define "b-$one-b"
refused_by_both create "a-$two-b"
refused_by_both create "b-$one-b"
done_by_both define "b-$two-b"
done_by_both define "a-$one-c"
done_by_both create "a-$one-a"
done_by_both stop a
done_by_both autostart a
done_by_both autostart a --disable
done_by_both autostart a
done_by_both define "a-$one-a"
done_by_both start a
refused_by_both start a
refused_by_both delete a
in_both a a a

# moved while it runs: there it stays until it is stopped, and nobody gets its directory
done_by_both define "a-$one-c"
in_both a a c
refused_by_both define "b-$two-a"
refused_by_both create "b-$two-a"
refused_by_both create "a-$one-c"
for verb in undefine delete build start; do
	refused_by_both $verb a
done
done_by_both refresh a
done_by_both stop a
in_both a c c
done_by_both start a
done_by_both define "a-$one-a"
in_both a c a
done_by_both define "a-$one-c"
in_both a c c
done_by_both define "a-$one-a"
done_by_both stop a
in_both a a a
# nothing is stored of it: what is defined elsewhere makes it stay, and there
done_by_both undefine a
done_by_both create "a-$one-a"
done_by_both define "a-$one-c"
in_both a a c
done_by_both stop a
in_both a c c
done_by_both define "a-$one-a"
# where it will be nobody else is let in here; libvirt has two pools of one directory then
done_by_both start a
done_by_both define "a-$one-c"
done_by_both undefine b
expect_status 2 as_nobody cowctl pool define --session "$T/b-$two-c.ours"
libvirt pool-define "$T/b-$two-c.theirs"
libvirt pool-undefine b
done_by_both define "b-$two-b"
done_by_both define "a-$one-a"
done_by_both autostart a
done_by_both stop a
done_by_both delete a
refused_by_both delete a
refused_by_both start a
done_by_both build a
done_by_both start a
done_by_both stop a
done_by_both undefine a
refused_by_both undefine a
refused_by_both start missing
