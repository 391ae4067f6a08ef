#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Pools of type fs: what is on a device is mounted while the pool is started, and has the policy. The directory
# below never counts.
. "$(dirname "$0")/../lib.sh"
need_root
require jq mkfs.btrfs mkfs.ext4 mkfs.nilfs2 mkfs.xfs strace
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime
pool() {
	cowctl pool "$@" --session
}
# device NAME [SIZE]: an empty one, by a loop device of the test's own
devices=()
at_end '[ ${#devices[@]} -eq 0 ] || losetup --detach "${devices[@]}"' # at last when they are unmounted
device() {
	truncate -s "${2:-512M}" "$T/$1.img"
	device=$(losetup --find --show "$T/$1.img")
	devices+=("$device")
}
is_mounted() {
	mountpoint -q "$1"
}

# its directory lies on a Btrfs too: nothing that is asked of the pool reaches it
make_fs btrfs a
device d
vms=$T/a/vms
expect_status 0 pool define-as p --type fs --source-dev "$device" --source-format btrfs --target "$vms" --cow off
expect_status 0 pool build p --dry-run --no-overwrite
expect_out "would make filesystem btrfs on '$device'"
[ -z "$(blkid -p "$device")" ] || fail "a dry run wrote"
[ ! -e "$vms" ] || fail "a dry run made a directory"
expect_status 0 pool build p --no-overwrite --json
expect_json '.build | .created and .formatted and .action == "leave"'
expect_equal "$(blkid -p -s TYPE -o value "$device")" btrfs
! is_nocow "$vms" || fail "the directory below got the policy"
expect_status 0 pool info p --json
expect_json '.pools[0] | .state == "inactive" and .compliance == "unknown" and .capacity == null and
	.mount_source == $device and .mount_type == "btrfs"' --arg device "$device"
expect_status 2 pool apply p
expect_err "is not mounted on '$vms'"
! is_nocow "$vms" || fail "the directory below got the policy by apply"
touch "$vms/below"
expect_status 2 cowctl audit --session p --json
expect_json '.images == [] and (.error.message | contains("is not mounted on"))'
expect_status 0 cowctl create --session "$vms/raw" 1M --json
expect_json '.image.pool == null'
rm "$vms/below" "$vms/raw"

# start
expect_status 0 pool start p
expect_out 'compliance ok'
is_mounted "$vms" || fail "not mounted"
is_nocow "$vms" || fail "the mounted root has not the policy"
options=$(findmnt -n -o VFS-OPTIONS "$vms")
for option in nodev nosuid noexec; do
	case ,$options, in *,$option,*) ;; *) fail "mounted without $option: $options" ;; esac
done
expect_status 2 pool start p
expect_err 'is started already'
expect_status 2 pool build p --overwrite
expect_err 'is started'
expect_status 0 cowctl vol create-as --session p image 1M
is_nocow "$vms/image" || fail "the volume is CoW"
expect_status 0 pool list --json --type fs
expect_json '.pools[0] | .state == "active" and .compliance == "ok" and .capacity == 536870912'

# those who watch are told what was done, not what was planned or refused
expect_equal "$(awk 'NF { print $2 }' "$T/runtime/cowctl/pools/events" | xargs)" "defined created started"

# stop: refused while in use
exec 5<"$vms/image"
expect_status 2 pool stop p --json
expect_json '.error.code == "busy"'
is_mounted "$vms" || fail "unmounted while in use"
exec 5<&-
mkdir "$vms/in"
mount -t tmpfs tmpfs "$vms/in"
expect_status 2 pool stop p
expect_err "unmount what is mounted in it"
umount "$vms/in"
rmdir "$vms/in"
expect_status 0 pool stop p
! is_mounted "$vms" || fail "still mounted"
expect_equal "$(ls -A "$vms")" "" "what lies below"
expect_status 2 pool stop p
expect_status 2 cowctl vol list --session p
expect_err 'is not started'

# the mount is what counts: unmounted by somebody else, and mounted by somebody else
expect_status 0 pool start p
umount "$vms"
expect_status 0 pool info p --json
expect_json '.pools[0] | .state == "inaccessible" and .compliance_reason == "its source is not mounted there"'
expect_status 2 cowctl vol list --session p
expect_err "is not mounted on '$vms'"
expect_status 2 cowctl vol create-as --session p below 1M
[ ! -e "$vms/below" ] || fail "a volume in the directory below"
expect_status 0 pool start p
# as a soft reboot does, which keeps the marks of what is started
umount "$vms"
expect_status 0 pool autostart p
expect_status 0 pool start --autostart
is_mounted "$vms" || fail "not mounted at boot"
expect_status 0 pool start --autostart
expect_status 0 pool autostart p --disable
expect_status 0 pool stop p
mount "$device" "$vms"
expect_status 0 pool info p --json
expect_json '.pools[0] | .state == "active" and .compliance == "ok"'
expect_status 2 pool undefine p
expect_status 0 pool stop p
! is_mounted "$vms" || fail "still mounted"
mount -t tmpfs tmpfs "$vms"
expect_status 0 pool info p --json
expect_json '.pools[0].state == "inactive"'
expect_status 2 pool start p
expect_err "'tmpfs' is mounted on '$vms'"
umount "$vms"
# nor is it called stopped while something hides it; what is there in its stead is nobody's concern
expect_status 0 pool start p
mount -t tmpfs tmpfs "$vms"
expect_status 2 pool stop p --json
expect_json '.error | .code == "busy" and (.message | startswith("'"'tmpfs'"' is mounted over"))'
umount "$vms"
umount "$vms"
mount -t tmpfs tmpfs "$vms"
expect_status 0 pool stop p
umount "$vms"

# drift of what is mounted is mended
expect_status 0 pool start p
chattr -C "$vms"
expect_status 0 pool refresh p
expect_out 'had drifted, set-nocow'
is_nocow "$vms" || fail "not mended"
expect_status 0 pool stop p
expect_status 0 pool delete p
[ ! -e "$vms" ] || fail "not deleted"
expect_status 0 pool undefine p

# overwriting: what is on a device is never lost unasked
expect_status 0 pool define-as p --type fs --source-dev "$device" --source-format ext4 --target "$T/x"
expect_status 2 pool build p --no-overwrite --json
expect_json '.error.code == "exists" and (.error.message | endswith("what is there is btrfs"))'
[ ! -e "$T/x" ] || fail "a failed build left its directory"
expect_status 3 pool build p --no-overwrite --overwrite
expect_status 3 pool build p --overwrite --subvolume
mkdir "$T/elsewhere"
mount "$device" "$T/elsewhere"
expect_status 2 pool build p --overwrite --json
expect_json '.error.code == "busy"'
umount "$T/elsewhere"
expect_status 0 pool build p
expect_equal "$(blkid -p -s TYPE -o value "$device")" btrfs "after a plain build"
expect_status 2 pool start p
expect_err "mount '$device' on '$T/x'"
expect_status 2 pool start p --no-overwrite
expect_status 3 pool start --autostart --build
expect_status 0 pool start p --overwrite
expect_equal "$(blkid -p -s TYPE -o value "$device")" ext4
expect_out 'compliance not-applicable'
expect_status 2 pool start p --build
expect_status 0 pool stop p
expect_status 0 pool undefine p
device parted
# one partition, from the second sector on
printf '\0\0\2\0\203\0\0\0\1\0\0\0\20' | dd of="$device" bs=1 seek=446 status=none
printf '\125\252' | dd of="$device" bs=1 seek=510 status=none
expect_status 0 pool define-as p --type fs --source-dev "$device" --source-format xfs --target "$T/x"
expect_status 2 pool build p --no-overwrite
expect_err 'what is there is dos'
expect_status 0 pool undefine p

# what is damaged is not lost unasked either
device damaged
mkfs.nilfs2 -q "$device"
for checksum in 1040 $((512 * 1024 * 1024 - 4080)); do
	printf '\1\2\3\4' | dd of="$device" bs=1 seek=$checksum conv=notrunc status=none
done
expect_status 0 pool define-as p --type fs --source-dev "$device" --source-format ext4 --target "$T/x"
expect_status 2 pool build p --no-overwrite
expect_err 'what is there is nilfs2'
expect_status 0 pool build p --overwrite
expect_equal "$(blkid -p -s TYPE -o value "$device")" ext4
expect_status 0 pool undefine p

# what is at the end of a device goes as well; mkfs is found without root's PATH
device ended
printf '\374\116\053\251\0\0\0\0\132\0\0\0' |
	dd of="$device" bs=64K seek=$(($(blockdev --getsize64 "$device") / 65536 - 1)) conv=notrunc status=none
expect_equal "$(blkid -p -s TYPE -o value "$device")" linux_raid_member
expect_status 0 pool define-as p --type fs --source-dev "$device" --source-format ext4 --target "$T/x"
PATH=/usr/bin:/bin expect_status 0 pool build p --overwrite
expect_equal "$(blkid -p -s TYPE -o value "$device")" ext4
expect_status 0 pool undefine p

# auto is found out, and can't be made; a transient pool; a file, by way of a loop device
FS_SIZE=300M make_fs xfs file
umount "$T/file"
expect_status 0 pool define-as p --type fs --source-dev "$T/file.img" --target "$T/x"
expect_status 3 pool build p --overwrite
expect_err "doesn't say which filesystem"
expect_status 0 pool start p
expect_equal "$(findmnt -n -o FSTYPE "$T/x")" xfs
expect_status 0 pool info p --json
expect_json '.pools[0].state == "active"'
expect_status 0 pool stop p
expect_equal "$(losetup --associated "$T/file.img")" "" "loop devices left behind"
expect_status 0 pool dumpxml p
cp "$T/out" "$T/p.xml"
expect_status 0 pool undefine p
expect_status 0 pool create "$T/p.xml"
is_mounted "$T/x" || fail "create did not mount"
umount "$T/x"
expect_status 0 pool list --transient --json
expect_json '.pools[0].state == "inaccessible"'
expect_status 0 pool start p
expect_status 0 pool stop p
expect_status 0 pool list --json
expect_json '.pools == []'
! is_mounted "$T/x" || fail "still mounted"

truncate -s 300M "$T/new.img"
device new
sed "s|$T/file.img|$device|; s|<device|<format type='xfs'/>&|" "$T/p.xml" >"$T/new.xml"
expect_status 0 pool create "$T/new.xml" --no-overwrite
expect_equal "$(findmnt -n -o FSTYPE "$T/x")" xfs
expect_status 0 pool stop p

# nobody waits for a mount that takes its time
expect_status 0 pool define "$T/new.xml"
ASAN_OPTIONS=detect_leaks=0 strace --quiet=all -o "$T/mounts" --trace=mount --inject=mount:delay_enter=8s \
	"$COWCTL" pool start p --session >"$T/slow" 2>&1 &
until [ -s "$T/mounts" ]; do :; done
expect_status 0 pool define-as quick --target "$T/quick"
expect_status 0 pool build quick
expect_status 0 pool start quick
# nor is anything mounted over it, by another name of the directory, or out of another store
ln -s x "$T/link"
expect_status 0 pool define-as over --type fs --source-dev "$T/file.img" --target "$T/link"
expect_status 2 pool start over --json
expect_json '.error.code == "busy" and (.error.message | contains("pool '"'p'"' is started in directory"))'
export XDG_CONFIG_HOME=$T/config2 XDG_RUNTIME_DIR=$T/runtime2
expect_status 0 pool define-as over --type fs --source-dev "$T/file.img" --target "$T/x"
expect_status 2 pool start over --json
expect_json '.error | .code == "busy" and (.message | contains("is mounting something")) and (.remedy | contains("fuser"))'
expect_status 0 pool undefine over
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime
expect_status 0 pool undefine over
! is_mounted "$T/x" || fail "it is mounted already: others may have waited"
wait $! || fail "the slow start failed: $(cat "$T/slow")"
is_mounted "$T/x" || fail "not mounted"
expect_status 0 pool stop quick
# nor for an unmount
ASAN_OPTIONS=detect_leaks=0 strace --quiet=all -o "$T/calls" --trace=umount2 --inject=umount2:delay_enter=8s \
	"$COWCTL" pool stop p --session >"$T/slow" 2>&1 &
until [ -s "$T/calls" ]; do :; done
expect_status 0 pool start quick
is_mounted "$T/x" || fail "it is unmounted already: others may have waited"
wait $! || fail "the slow stop failed: $(cat "$T/slow")"
! is_mounted "$T/x" || fail "still mounted"
expect_status 0 pool stop quick
expect_status 0 pool undefine quick
expect_status 0 pool undefine p

# options of the definition, one pool for one source
sed -e "s|<pool type=\"fs\">|<pool type=\"fs\" xmlns:fs=\"http://libvirt.org/schemas/storagepool/fs/1.0\">|" \
	-e 's|</pool>|<fs:mount_opts><fs:option name="ro"/><fs:option name="exec"/></fs:mount_opts></pool>|' \
	"$T/p.xml" >"$T/options.xml"
expect_status 0 pool create "$T/options.xml"
options=,$(findmnt -n -o VFS-OPTIONS "$T/x"),
case $options in *,noexec,*) fail "noexec: $options" ;; *,ro,*) ;; *) fail "not ro: $options" ;; esac
expect_status 2 pool define-as q --type fs --source-dev "$T/file.img" --target "$T/y"
expect_err 'has this source already'
expect_status 0 pool stop p
# not those that would be given to the directory below
mode=$(stat -c %a "$T/x")
sed -i 's|<fs:option name="exec"/>|<fs:option name="X-mount.mode=0700"/>|' "$T/options.xml"
expect_status 2 pool create "$T/options.xml" --json
expect_json '.error | .code == "refused" and (.message | contains("X-mount.mode")) and .remedy'
expect_equal "$(stat -c %a "$T/x")" "$mode" "the mode of the directory below"
expect_status 0 pool list --json
expect_json '.pools == []'

# a Btrfs of two devices, named by either
device one
first=$device
device two
mkfs.btrfs -q "$first" "$device" >/dev/null
for source in "$first" "$device"; do
	expect_status 0 pool define-as p --type fs --source-dev "$source" --target "$T/x"
	expect_status 0 pool start p
	expect_status 0 pool info p --json
	expect_json '.pools[0].state == "active"'
	expect_status 0 pool stop p
	expect_status 0 pool undefine p
done

# nor over what has the directory of a started pool in it
expect_status 0 pool define-as hiding --type fs --source-dev "$T/file.img" --target "$T/y"
expect_status 0 pool define-as hidden --target "$T/y/a/b"
expect_status 0 pool build hidden
expect_status 0 pool start hidden
expect_status 2 pool start hiding --json
expect_json '.error.code == "busy" and (.error.message | contains("pool '"'hidden'"' is started in directory"))'
expect_status 0 pool stop hidden
mkdir -p "$T/runtime/libvirt/storage/run"
cat >"$T/runtime/libvirt/storage/run/theirs.xml" <<END
<poolstate><pool type='dir'><name>theirs</name><uuid>11111111-2222-3333-4444-555555555555</uuid>
<target><path>$T/y/a</path></target></pool></poolstate>
END
expect_status 2 pool start hiding
expect_err "pool 'theirs' is started in directory" "virsh pool-destroy"
rm "$T/runtime/libvirt/storage/run/theirs.xml"
expect_status 0 pool start hiding
expect_status 0 pool stop hiding

# nobody else may
export XDG_CONFIG_HOME=$T/nobody/config XDG_RUNTIME_DIR=$T/nobody/runtime
mkdir -m 0777 "$T/nobody"
as_nobody mkdir "$T/nobody/x"
expect_status 0 as_nobody cowctl pool define-as p --session --type fs --source-dev "$device" --target "$T/nobody/x"
expect_status 2 as_nobody cowctl pool start p --session --json
expect_json '.error.code == "permission"'
