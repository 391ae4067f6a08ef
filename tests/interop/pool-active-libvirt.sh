#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What libvirt runs is found without asking it: pools that nothing is stored of, and those that run elsewhere than their
# stored definition says. All of them are looked at, and left alone.
. "$(dirname "$0")/../lib.sh"
need_root
require jq
make_fs btrfs fs
. "$(dirname "$0")/../lib-libvirt.sh"
mkdir -m 0777 "$T/fs/"{transient,here,there}

pool() {
	as_nobody cowctl pool "$@" --session
}
# shown NAME: what our list has of it
shown() {
	expect_status 0 pool list --json
	json "$T/out" '.pools[] | select(.name == $name) |
		"\(.source) \(.state) persistent=\(.persistent) pending=\(.pending) \(.policy) \(.path)"' --arg name "$1"
}
# theirs NAME: what libvirt says of it
theirs() {
	libvirt pool-list --all --persistent --name | grep -qx " *$1 *" || echo transient
	libvirt pool-dumpxml "$1" | xmllint --xpath 'string(/pool/target/path)' -
}

# one that is not stored
libvirt pool-create-as transient dir --target "$T/fs/transient"
make_image "$T/fs/transient/image" 1M
chmod 0644 "$T/fs/transient/image"
expect_equal "$(shown transient)" "libvirt active persistent=false pending=false auto $T/fs/transient"
expect_status 0 pool list --transient --name
expect_out transient
uuid=$(libvirt pool-uuid transient | tr -d '[:space:]')
expect_status 0 pool name "$uuid"
expect_out transient
expect_status 0 pool info transient --json
expect_json '.pools[0] | .summary.volumes == 1 and .capacity > 0'
expect_status 0 pool dumpxml transient
cp "$T/out" "$T/ours.xml"
schema storagepool "$T/ours.xml" 2>"$T/their-err"
expect_equal "$(xmllint --xpath 'concat(/pool/uuid, /pool/target/path)' "$T/ours.xml")" "$uuid$T/fs/transient"
expect_status 0 pool dumpxml transient --inactive
expect_status 1 as_nobody cowctl audit --session transient --json
expect_json '.images[0] | .pool == "transient" and .policy == "auto" and .compliance == "drifted"'
expect_status 0 as_nobody cowctl vol pool --session "$T/fs/transient/image"
expect_out transient

# it is libvirt's
for verb in start stop undefine delete build autostart apply; do
	expect_status 2 pool $verb transient
	expect_err "is libvirt's"
done
expect_status 2 pool adopt transient --cow off
expect_err "libvirt keeps no definition of it" "virsh pool-define"
! is_nocow "$T/fs/transient" || fail "the directory was changed"

# stored, it stays; and what has its name is gone with it
libvirt pool-dumpxml transient >"$T/transient.xml"
libvirt pool-define "$T/transient.xml"
expect_equal "$(shown transient)" "libvirt active persistent=true pending=false auto $T/fs/transient"
libvirt pool-undefine transient 2>"$T/their-err" && fail "a pool that is active was undefined"
libvirt pool-destroy transient
libvirt pool-undefine transient
expect_equal "$(shown transient)" ""
expect_status 2 pool info transient

# it runs where it was started, whatever is stored meanwhile
libvirt pool-define-as moved dir --target "$T/fs/here"
libvirt pool-start moved
as_nobody virsh pool-dumpxml --inactive moved >"$T/moved.xml"
sed -i "s|/here<|/there<|" "$T/moved.xml"
libvirt pool-define "$T/moved.xml"
expect_equal "$(theirs moved)" "$T/fs/here"
expect_equal "$(shown moved)" "libvirt active persistent=true pending=true auto $T/fs/here"
expect_status 0 pool dumpxml moved
expect_out "<path>$T/fs/here</path>"
expect_status 0 pool dumpxml moved --inactive
expect_out "<path>$T/fs/there</path>"
libvirt pool-destroy moved
expect_equal "$(shown moved)" "libvirt inactive persistent=true pending=false auto $T/fs/there"

# a policy that is stored counts at once, where it is the same directory
libvirt pool-start moved
sed -i "s|<source>|<features><cow state='no'/></features><source>|" "$T/moved.xml"
libvirt pool-define "$T/moved.xml"
expect_equal "$(shown moved)" "libvirt active persistent=true pending=false off $T/fs/there"

# what can't be read there hides none of the others
echo "<poolstate/>" >"$XDG_RUNTIME_DIR/libvirt/storage/run/bad.xml"
mkfifo "$XDG_RUNTIME_DIR/libvirt/storage/run/waits.xml"
expect_status 2 pool list --json
expect_json '[.pools[].name] == ["moved"]'
expect_err "2 pool definitions could not be read"
