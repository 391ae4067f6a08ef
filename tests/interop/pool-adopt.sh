#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# pool adopt gives libvirt's own pools a policy, by libvirt: its daemon stores it, shows it, and keeps it.
. "$(dirname "$0")/../lib.sh"
need_root
require jq
make_fs btrfs fs
FS_SIZE=300M make_fs ext4 place
. "$(dirname "$0")/../lib-libvirt.sh"

pool() {
	as_nobody cowctl pool "$@" --session
}
# policy NAME: as libvirt shows it
policy() {
	as_nobody virsh pool-dumpxml --inactive "$1" >"$T/theirs.xml"
	xmllint --xpath 'string(/pool/features/cow/@state)' "$T/theirs.xml"
}
# theirs NAME TYPE-OPTIONS...
theirs() {
	as_nobody mkdir "$T/fs/$1"
	libvirt pool-define-as "$1" dir --target "$T/fs/$1"
}

# started, with an image: nothing is lost, and what is created from now on follows
theirs running
libvirt pool-start running
libvirt vol-create-as running before 1M
uuid=$(as_nobody virsh -q pool-uuid running | tr -d '[:space:]')
expect_status 1 pool adopt running --cow off --json
expect_err "1 existing files in '$T/fs/running' stay as they are"
expect_json '.pools[0] | .source == "libvirt" and .policy == "off" and .compliance == "ok" and .state == "active"'
expect_equal "$(policy running)" no
expect_equal "$(xmllint --xpath 'string(/pool/uuid)' "$T/theirs.xml")" "$uuid"
is_nocow "$T/fs/running" || fail "the directory is CoW"
libvirt vol-create-as running after 1M
is_nocow "$T/fs/running/after" || fail "a volume is CoW"
expect_equal "$(as_nobody virsh -q vol-list running | wc -l)" 2
expect_status 0 pool list --json
expect_json '.pools[] | select(.name == "running") | .policy == "off"'

# again, the other way, which stays until another one is asked for, and what it decides by itself
libvirt vol-delete --pool running before
libvirt vol-delete --pool running after
expect_status 0 pool adopt running --cow off
expect_status 0 pool adopt running --cow on
expect_equal "$(policy running)" yes
expect_status 0 pool adopt running
expect_equal "$(policy running)" yes
as_nobody mkdir "$T/fs/running/below"
chattr +C "$T/fs/running/below"
expect_status 1 pool adopt running
expect_err "1 directories in '$T/fs/running' stay as they are"
as_nobody rmdir "$T/fs/running/below"
! is_nocow "$T/fs/running" || fail "the directory is NOCOW"
theirs decided
expect_status 0 pool adopt decided
expect_out 'compliance ok: had drifted, set-nocow'
expect_equal "$(policy decided)" no

# where overwrites stay in place anyway a policy of its own would have libvirt refuse to build it
as_nobody mkdir "$T/place/inplace"
libvirt pool-define-as inplace dir --target "$T/place/inplace"
expect_status 0 pool adopt inplace
expect_out 'compliance not-applicable'
expect_equal "$(policy inplace)" ""
libvirt pool-build inplace

# what can't be had changes nothing
theirs compressed
chattr +c "$T/fs/compressed"
expect_status 1 pool adopt compressed --cow off --json
expect_json '.error.code == "conflict" and .error.remedy'
expect_equal "$(policy compressed)" ""

# one of ours with the same uuid, as the manual page takes it over, is another one
expect_status 0 pool dumpxml decided --inactive
cp "$T/out" "$T/decided.xml"
expect_status 0 pool define "$T/decided.xml"
for name in decided "$(as_nobody cowctl pool uuid decided --session)"; do
	expect_status 0 pool adopt "$name"
	expect_out "adopted pool 'decided'"
done
expect_status 0 pool undefine decided

# both or none: where the flag can't be set libvirt isn't told either
theirs foreign
chown root "$T/fs/foreign"
chmod 0755 "$T/fs/foreign"
expect_status 2 pool adopt foreign --cow off --json
expect_json '.error.code == "permission"'
expect_equal "$(policy foreign)" ""

# not libvirt's, not to be had, not there
as_nobody mkdir "$T/fs/ours"
expect_status 0 pool define-as ours --target "$T/fs/ours"
expect_status 3 pool adopt ours
expect_err "is none of libvirt's"
expect_status 2 pool adopt nobodys
expect_status 2 pool adopt decided --cow on --connect "storage:///session?socket=$T/none" --json
expect_json '.error | .code == "tool" and (.remedy | contains("--connect"))'
expect_equal "$(policy decided)" no
is_nocow "$T/fs/decided" || fail "the directory was changed"

# a daemon started anew knows
libvirt pool-destroy running
libvirt pool-start running
expect_equal "$(as_nobody virsh pool-dumpxml running | xmllint --xpath 'string(/pool/features/cow/@state)' -)" yes

# one that libvirt has no definition of doesn't get one
as_nobody mkdir "$T/fs/transient"
libvirt pool-create-as transient dir --target "$T/fs/transient"
expect_status 2 pool adopt transient --cow off
! as_nobody virsh -q pool-list --all --persistent --name | grep -qx transient || fail "it is persistent now"
