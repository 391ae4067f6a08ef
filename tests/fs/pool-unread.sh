#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Whoever may not look into a pool's directory is told that its compliance is unknown, never that it is
# as it should be, nor that it is not.
. "$(dirname "$0")/../lib.sh"
need_root
require jq mkfs.ext4
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime
umask 022

# stands NAME COMPLIANCE NOBODY'S
stands() {
	expect_status 0 cowctl pool info "$1" --session --json
	expect_json '.pools[0].compliance == $is' --arg is "$2"
	expect_status 0 as_nobody cowctl pool info "$1" --session --json
	expect_json '.pools[0].compliance == $is' --arg is "$3"
}

make_fs btrfs b
FS_SIZE=300M make_fs ext4 e
for flag in +C -C; do
	for policy in on off auto; do
		mkdir -m 0711 "$T/b/$policy$flag"
		chattr "$flag" "$T/b/$policy$flag"
		expect_status 0 cowctl pool define-as "$policy$flag" --session --target "$T/b/$policy$flag" --cow "$policy"
	done
done
# a session's own store is its alone, but here
chmod -R a+rX "$T/config"
stands on+C drifted unknown
expect_json '.pools[0].compliance_reason | contains("could not be read")'
stands on-C ok unknown
stands off+C ok unknown
stands off-C drifted unknown
stands auto+C ok unknown
stands auto-C drifted unknown
chmod 0755 "$T/b/on+C" "$T/b/off+C"
stands on+C drifted drifted
stands off+C ok ok

# nor is it known where nothing is known of what overwrites do
expect_status 0 cowctl pool define-as proc --session --target /proc/tty --cow on
stands proc unknown unknown
expect_status 2 cowctl pool apply --check proc --session
expect_status 0 cowctl pool build --dry-run proc --session
expect_out "cow=on: nothing is switched off, but it is not known what overwrites do here"
# which is said, and is no failure of what was asked for
expect_status 1 cowctl pool start proc --session
expect_out "started pool 'proc', compliance unknown"
expect_err "policy on: it is unknown how its directory stands"
expect_status 2 cowctl vol list proc --session
expect_err "volumes it is unknown how they stand: "
expect_status 0 cowctl pool stop proc --session
expect_status 1 cowctl pool create-as tty --session --target /proc/tty/ldisc --cow on
expect_status 0 cowctl pool stop tty --session

# where no flag matters, none has to be read
mkdir -m 0711 "$T/e/p"
expect_status 0 cowctl pool define-as p --session --target "$T/e/p" --cow off
chmod -R a+rX "$T/config"
stands p not-applicable not-applicable

# what lies below a mount point is not the pool's for anybody, and what is mounted is for all to see
truncate -s 300M "$T/f.img"
mkfs.ext4 -q "$T/f.img"
mkdir -m 0711 "$T/m"
expect_status 0 cowctl pool define-as f --session --type fs --source-dev "$T/f.img" --target "$T/m" --cow off
# state STATE MEASURED
state() {
	chmod -R a+rX "$T/config" "$T/runtime"
	for who in '' as_nobody; do
		expect_status 0 ${who:+"$who"} cowctl pool info f --session --json
		expect_json '.pools[0] | .state == $state and (.capacity != null) == $measured' \
			--arg state "$1" --argjson measured "$2"
	done
}
state inactive false
expect_json '.pools[0].compliance == "unknown"'
expect_status 0 cowctl pool start f --session
chmod 0711 "$T/m"
state active true
umount "$T/m"
state inaccessible false
expect_status 0 cowctl pool stop f --session
