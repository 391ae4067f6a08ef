#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# pool refresh says how a started pool has drifted, mends its directory, and says what it can't mend.
. "$(dirname "$0")/../lib.sh"
need_root
require jq strace
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime
make_fs btrfs fs

pool() {
	cowctl pool "$@" --session
}

expect_status 0 pool define-as p --target "$T/fs/p" --cow off
expect_status 2 pool refresh p
expect_err "not started"
expect_status 0 pool build p
expect_status 0 pool start p
expect_status 0 pool refresh p
expect_out "compliance ok"

chattr -C "$T/fs/p"
expect_status 0 pool refresh p
expect_out "compliance ok: had drifted, set-nocow"
is_nocow "$T/fs/p" || fail "the directory is CoW"

# what has drifted below it, however deep, is counted, by info as well; apply mends it, and then there is none
mkdir -p "$T/fs/p/one/two"
expect_status 0 pool refresh p --json
expect_json '.pools[0].summary | .drifted_directories == 0 and .unread_directories == 0'
chattr -C "$T/fs/p/one/two"
expect_status 1 pool refresh p
expect_out "compliance ok"
expect_err "1 directories in '$T/fs/p' have drifted (cowctl pool apply)"
expect_status 0 pool info p --json
expect_json '.pools[0].summary | .drifted_directories == 1 and .drifted == 0'
expect_status 0 pool apply p
expect_status 0 pool refresh p

# no other pool is asked where there is nothing that could be its directory: it may be on a server that is gone
expect_status 0 pool define-as q --target "$T/fs/q"
mkdir "$T/fs/q"
# asks: how often a refresh looks at the other one
asks() {
	ASAN_OPTIONS=detect_leaks=0 strace -f --quiet=all -o "$T/calls" "$COWCTL" pool refresh p --session >"$T/log"
	grep -c "\"$T/fs/q\"" "$T/calls" || true
}
[ "$(asks)" != 0 ] || fail "it isn't seen when the other pool is asked"
rm -r "$T/fs/p/one"
expect_equal "$(asks)" 0 "calls on another pool's directory"
expect_status 0 pool undefine q

# nor is a pool disturbed that is just being built in it
expect_status 0 pool define-as q --target "$T/fs/p/q"
ASAN_OPTIONS=detect_leaks=0 strace --quiet=all -o "$T/calls" --trace=renameat2 --inject=renameat2:delay_enter=2s \
	"$COWCTL" pool build q --session >"$T/built" 2>&1 &
until [ -s "$T/calls" ]; do :; done
expect_status 0 pool refresh p
wait $! || fail "not built while the pool above was refreshed: $(cat "$T/built")"
expect_status 0 pool delete q
expect_status 0 pool undefine q

# before anything is created in it by others; of a pool that nothing is stored of as well
expect_status 0 pool dumpxml p
cp "$T/out" "$T/p.xml"
for start in "start p" "create $T/p.xml"; do
	chattr -C "$T/fs/p"
	expect_status 0 pool stop p
	# shellcheck disable=SC2086 # a verb and its operand
	expect_status 0 pool $start
	expect_out "compliance ok"
	is_nocow "$T/fs/p" || fail "the directory is CoW after $start"
done

# what stands against it is said, with a remedy; the pool stays as it is, and is started all the same
chattr -C "$T/fs/p"
mount --bind -o ro "$T/fs/p" "$T/fs/p"
expect_status 0 pool stop p
expect_status 1 pool start p
expect_err "NOCOW is not set" "(cowctl pool apply)"
umount "$T/fs/p"
expect_status 0 pool stop p
chattr +c "$T/fs/p"
expect_status 1 pool start p
expect_status 1 pool refresh p --json
expect_json '.error.code == "conflict" and .error.remedy'
expect_status 0 pool stop p
expect_status 1 pool start p
expect_err "compression flag" "chattr -c"
! grep -q 'pool apply' "$T/err" || fail "a remedy that mends nothing"
chattr -c "$T/fs/p"
rmdir "$T/fs/p"
expect_status 0 pool define-as q --target "$T/fs/q"
expect_status 0 pool build q
expect_status 0 pool start q
expect_status 2 pool refresh p q --json
expect_json '[.pools[].name] == ["q"] and .error.code == "not-found"'
