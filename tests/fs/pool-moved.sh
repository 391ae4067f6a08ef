#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A definition that moves a started pool waits: what runs goes on where it was started until it is stopped, then the new
# one counts. Nobody else gets either place meanwhile. One that stays in its place is in use at once.
. "$(dirname "$0")/../lib.sh"
need_root
. "$(dirname "$0")/../lib-volume.sh"
require strace xmllint
make_fs btrfs b
pool() {
	cowctl pool "$@" --session
}
# stands NAME: where it is in use, and how
stands() {
	expect_status 0 pool info "$1" --json
	json "$T/out" '.pools[0] | "\(.state) \(.path | split("/") | last) \(.policy) pending=\(.pending)"'
}
# moved NAME FROM TO [STATE]: defined anew, in another place, with that policy
moved() {
	pool dumpxml "$1" --inactive >"$T/$1.xml"
	sed -i "s|/$2<|/$3<|" "$T/$1.xml"
	[ -z "${4-}" ] || sed -i "s|state=\"[a-z]*\"|state=\"$4\"|" "$T/$1.xml"
	expect_status 0 pool define "$T/$1.xml"
}
waits() {
	expect_equal "$(wc -l <"$T/err")" 1 "lines said"
	expect_err "takes effect when it is started again"
}

# what runs is where it was
mkdir "$T/b/two"
make_pool p "$T/b/one" off
moved p one two yes
waits
expect_err "runs on in '$T/b/one'"
expect_equal "$(stands p)" "active one off pending=true"
expect_status 0 pool dumpxml p
expect_out "<path>$T/b/one</path>"
expect_status 0 pool dumpxml p --inactive
expect_out "<path>$T/b/two</path>"
expect_status 0 vol create-as p image 1M
is_nocow "$T/b/one/image" || fail "it was made by another policy"
touch "$T/b/two/file"
expect_status 0 vol pool "$T/b/one/image"
expect_status 2 vol pool "$T/b/two/file"
rm "$T/b/two/file"
expect_status 0 pool refresh p
expect_status 0 pool apply p

# both places are its own, and so is its name
for target in one two; do
	expect_status 2 pool define-as q --target "$T/b/$target"
	expect_err "has this directory already"
	expect_status 2 pool create-as q --target "$T/b/$target"
	expect_err "has this directory already"
done
expect_status 2 pool create "$T/p.xml"
expect_err "is started already"
for verb in undefine delete build 'rename r'; do
	# shellcheck disable=SC2086 # words
	set -- $verb
	expect_status 2 pool "$1" p ${2:+"$2"}
	expect_err "is started"
done
expect_status 0 pool autostart p --json
expect_json '.pools[0] | .autostart and .pending'

# it is moved once more while it waits, and back: then what is changed is in use at once
moved p two three
waits
expect_status 0 pool define-as q --target "$T/b/two"
expect_status 0 pool undefine q
moved p three one no
expect_equal "$(cat "$T/err")" "" "said of what stays"
expect_equal "$(stands p)" "active one off pending=false"
moved p one one yes
expect_equal "$(stands p)" "active one on pending=false"
moved p one two no
expect_equal "$(stands p)" "active one on pending=true"

# the new one counts when it is stopped
expect_status 0 pool stop p --json
expect_json '.pools[0] | .path == "'"$T/b/two"'" and .state == "inactive" and .pending == false'
expect_equal "$(stands p)" "inactive two off pending=false"
expect_status 0 pool define-as q --target "$T/b/one"
expect_status 0 pool build p
expect_status 0 pool start --autostart
expect_equal "$(stands p)" "active two off pending=false"
is_nocow "$T/b/one/image" || fail "the image that stayed was changed"
expect_status 0 pool stop p
expect_status 0 pool undefine p
expect_status 0 pool undefine q

# one that nothing was stored of is stored so
mkdir "$T/b/"{kept,later}
expect_status 0 pool create-as t --target "$T/b/kept" --cow on
moved t kept later
waits
expect_equal "$(stands t)" "active kept on pending=true"
expect_status 0 pool list --transient --name
expect_equal "$(cat "$T/out")" ""
expect_status 0 pool stop t
expect_equal "$(stands t)" "inactive later on pending=false"

# what is mounted is unmounted by the definition it was mounted with
FS_SIZE=300M make_fs ext4 x
FS_SIZE=300M make_fs ext4 y
umount "$T/x" "$T/y"
expect_status 0 pool define-as m --type fs --source-dev "$T/x.img" --target "$T/x"
expect_status 0 pool start m
moved m x y
waits
expect_equal "$(stands m)" "active x auto pending=true"
pool dumpxml m --inactive >"$T/m.xml"
sed -i 's|/x.img|/y.img|' "$T/m.xml"
expect_status 0 pool define "$T/m.xml"
waits
for source in x y; do
	expect_status 2 pool define-as q --type fs --source-dev "$T/$source.img" --target "$T/elsewhere"
	expect_err "has this source already"
done
umount "$T/x" # by somebody else: it is mounted again as it was
expect_equal "$(stands m)" "inaccessible x auto pending=true"
expect_status 0 pool start m
mountpoint -q "$T/x" || fail "not mounted"
! mountpoint -q "$T/y" || fail "the new one is mounted"
expect_status 0 pool stop m
! mountpoint -q "$T/x" || fail "still mounted"
expect_status 0 pool start m
mountpoint -q "$T/y" || fail "the new one is not mounted"
expect_equal "$(stands m)" "active y auto pending=false"

# mounted by somebody else it is started as well
expect_status 0 pool stop m
mount "$T/y.img" "$T/y"
moved m y x
waits
expect_equal "$(stands m)" "active y auto pending=true"
expect_status 0 pool stop m
! mountpoint -q "$T/y" || fail "still mounted"

# moved between being found and being started: it isn't started where it no longer is
: >"$T/locks"
export ASAN_OPTIONS=detect_leaks=0 # which can't work while being traced
strace --quiet=all -o "$T/locks" --trace=flock --inject=flock:delay_enter=5s:when=1 \
	"$COWCTL" pool start t --session >"$T/slow" 2>&1 &
until [ -s "$T/locks" ]; do :; done
moved t later kept
! wait $! || fail "it was moved, and started all the same"
expect_text "$T/slow" "was changed meanwhile"
expect_equal "$(stands t)" "inactive kept on pending=false"
