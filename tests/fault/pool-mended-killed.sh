#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What is done to the directories of a pool, killed at each call that changes something: apply, refresh, starting
# and stopping one that is mounted, and making a subdirectory. A refresh, or doing it again, puts all of it right.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../trace.sh"
need_root
require jq mkfs.btrfs
without_sanitizers
export ASAN_OPTIONS=exitcode=99:detect_leaks=0 # which can't work while being traced
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime
kills=0
make_fs btrfs b
top=$T/b/vms

pool() {
	cowctl pool "$@" --session
}
# bend N ACTION VERB...
bend() {
	("$COW_BUILD/tests/bend" "$T/bent" changing "$1" "$2" "$COWCTL" "${@:3}" --session >"$T/out" 2>"$T/err") || true
}
# everywhere VERB...: kill it at each call it makes, or a sample of them, most of which are those of a probe; before
# each time `begin`, and `check` afterwards
everywhere() {
	begin
	bend 0 kill "$@"
	for n in $(few "$(cat "$T/bent")"); do
		begin
		bend "$n" kill "$@"
		grep -q '[a-z]' "$T/bent" || continue
		kills=$((kills + 1))
		when="after call $n ($(cat "$T/bent")) of $*"
		check
	done
}
is() {
	expect_status 0 pool info "$1" --json
	json "$T/out" '.pools[0] | "\(.state) \(.compliance)"'
}

# apply: any of the directories may be done, all are after another
mkdir -p "$top/one/two" "$top/three"
btrfs -q subvolume create "$top/sub"
expect_status 0 pool define-as p --target "$top" --cow off
expect_status 0 pool start p
begin() {
	find "$top" -type d -exec chattr -C {} +
}
check() {
	expect_status 0 pool apply p
	expect_status 0 pool apply p --check
	for directory in "$top" "$top/one" "$top/one/two" "$top/three" "$top/sub"; do
		is_nocow "$directory" || fail "$directory $when"
	done
}
everywhere pool apply p
[ $kills -ge 5 ] || fail "apply was killed only $kills times"
begin() {
	chattr -C "$top"
}
check() {
	expect_status 0 pool refresh p
	expect_equal "$(is p)" "active ok" "$when"
}
everywhere pool refresh p

# a subdirectory being made: refresh takes away what is left, but nothing that is somebody's
begin() {
	rm -rf "$top/new"
}
check() {
	expect_status 0 pool refresh p
	expect_equal "$(find "$top" -name '.cowctl-*')" "" "hidden directories $when"
	[ ! -e "$top/new" ] || is_nocow "$top/new" || fail "a CoW directory $when"
}
everywhere vol create-as p new --format dir
mkdir "$top/.cowctl-full" "$top/.cowctl-full/file"
touch "$top/.cowctl-copy"
expect_status 0 pool refresh p
expect_equal "$(cd "$top" && ls -d .cowctl-*)" $'.cowctl-copy\n.cowctl-full' "what refresh leaves"
mkdir "$top/.cowctl-made"
exec 5<"$top"
flock --shared 5 # as whoever makes one has it
expect_status 0 pool refresh p
[ -d "$top/.cowctl-made" ] || fail "taken away from whoever makes it"
exec 5<&-
expect_status 0 pool refresh p
[ ! -e "$top/.cowctl-made" ] || fail "left behind"

# mounted and unmounted
truncate -s 256M "$T/d.img"
mkfs.btrfs -q "$T/d.img" >"$T/mkfs"
device=$(losetup --find --show "$T/d.img")
at_end 'losetup --detach "$device"'
mkdir "$T/m"
expect_status 0 pool define-as m --type fs --source-dev "$device" --target "$T/m" --cow off
expect_status 0 pool dumpxml m
cp "$T/out" "$T/m.xml"
begin() {
	pool stop m >"$T/out" 2>"$T/err" || true
	mount "$device" "$T/m"
	chattr -C "$T/m"
	umount "$T/m"
}
check() {
	case $(is m) in
	'inactive unknown' | 'inaccessible unknown') ! mountpoint -q "$T/m" || fail "mounted, and nobody knows, $when" ;;
	'active '*) mountpoint -q "$T/m" || fail "not mounted $when" ;;
	*) fail "$(is m) $when" ;;
	esac
	case $(is m) in active*) expect_status 0 pool refresh m ;; *) expect_status 0 pool start m ;; esac
	expect_equal "$(is m)" "active ok" "$when, and again"
}
everywhere pool start m
begin() {
	pool start m >"$T/out" 2>"$T/err" || true
}
check() {
	[ "$(is m)" = "inactive unknown" ] || expect_status 0 pool stop m
	expect_equal "$(is m)" "inactive unknown" "$when"
	! mountpoint -q "$T/m" || fail "still mounted $when"
}
everywhere pool stop m

# one that is stored nowhere: what is mounted always belongs to a pool
expect_status 0 pool undefine m
begin() {
	pool stop m >"$T/out" 2>"$T/err" || true
}
check() {
	expect_status 0 pool list --transient --name
	! mountpoint -q "$T/m" || expect_out m
	! grep -qx m "$T/out" || expect_status 0 pool stop m
	! mountpoint -q "$T/m" || fail "still mounted $when"
}
everywhere pool create "$T/m.xml"
[ $kills -ge 40 ] || fail "only $kills kills"
