#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# pool build: each policy on each filesystem, as the decision table has it, read back from disk.
. "$(dirname "$0")/../lib.sh"
need_root
require jq
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime

pool() {
	cowctl pool "$@" --session
}

# built FS POLICY ACTION NOCOW COMPLIANCE: what a build does, in a new directory (its parents are
# new as well) and in one that was there, and whether a new file carries the flag.
built() {
	local name path how
	for how in new old; do
		name=$1-$2-$how path=$T/$1/$2/$how
		[ $how = new ] || mkdir -p "$path"
		expect_status 0 pool define-as "$name" --target "$path" --cow "$2"
		expect_status 0 pool build "$name" --json
		expect_json ".build.action == \"$3\" and .pools[0].compliance == \"$5\""
		expect_json ".build.created == $([ $how = new ] && echo true || echo false)"
		touch "$path/file"
		expect_equal "$(is_nocow "$path/file" && echo yes || echo no)" "$4" "$name: NOCOW"
	done
}

# refused FS POLICY CODE: exit status 1, nothing new left behind, what was there untouched.
refused() {
	local before
	mkdir -p "$T/$1/there"
	before=$(find "$T/$1" | sort)
	for path in "$T/$1/a/b/c" "$T/$1/there"; do
		expect_status 0 pool define-as "$1-$2-${path##*/}" --target "$path" --cow "$2"
		expect_status 1 pool build "$1-$2-${path##*/}" --json
		expect_json ".error.code == \"$3\" and .error.remedy and (.error.message | contains(\"$path\"))"
		expect_equal "$(find "$T/$1" | sort)" "$before" "the tree"
	done
}

make_fs btrfs single
built single off set-nocow yes ok
built single on leave no ok
built single auto set-nocow yes ok

make_fs btrfs-raid1 raid1
built raid1 off set-nocow yes ok
expect_err 'raid1'
built raid1 auto leave no ok

# a directory that carries the flag hands it on; "on" takes it off the directory
make_fs btrfs flagged
chattr +C "$T/flagged"
built flagged off leave yes ok
built flagged on clear-nocow no ok

make_fs btrfs nodatacow nodatacow
built nodatacow off set-nocow yes ok
refused nodatacow on conflict

make_fs btrfs compressed
chattr +c "$T/compressed"
refused compressed off conflict
built compressed auto leave no ok

# in place anyway: met, whatever was asked for
for kind in ext4 xfs tmpfs; do
	make_fs $kind $kind
	for policy in off on auto; do
		built $kind $policy leave no not-applicable
	done
done

make_fs overlay overlay
built overlay off set-nocow yes ok
