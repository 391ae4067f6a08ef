#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A pool's directory may be a symlink, or lie behind some; not behind one that another user made, who would have
# us change any directory.
. "$(dirname "$0")/../lib.sh"
need_root
require jq mount.nfs pkill strace
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime
pool() {
	cowctl pool "$@" --session
}

make_fs btrfs b
mkdir -m 0750 "$T/b/target"
as_nobody ln -s target "$T/b/theirs"
expect_status 0 pool define-as theirs --target "$T/b/theirs" --cow off
for verb in build apply start; do
	expect_status 2 pool $verb theirs --json
	expect_json '.error.code == "refused" and (.error.message | contains("symlink that user 65534 made"))'
done
expect_status 0 pool info theirs --json
expect_json '.pools[0].state == "inactive"'
! is_nocow "$T/b/target" || fail "changed by way of a symlink"
expect_equal "$(stat -c %a "$T/b/target")" 750

# nor by way of one further up, to a directory that is there or is not
mkdir "$T/b/above" "$T/b/above/there"
as_nobody ln -s above "$T/b/way"
FS_SIZE=300M make_fs ext4 device
umount "$T/device"
device=$(losetup --find --show "$T/device.img")
at_end "losetup --detach $device"
before=$(blkid -p -s UUID -o value "$device")
for name in there missing; do
	expect_status 0 pool define-as $name --target "$T/b/way/$name" --cow off
	expect_status 2 pool build $name --json
	expect_json '.error.code == "refused" and (.error.message | contains("symlink that user 65534 made"))'
	expect_status 2 pool delete $name
	expect_err "symlink that user 65534 made"
done
expect_equal "$(ls -A "$T/b/above")" there
! is_nocow "$T/b/above/there" || fail "changed by way of a symlink further up"
expect_status 0 pool define-as mounted --type fs --source-dev "$device" --source-format ext4 --target "$T/b/way"
for call in 'start mounted' 'build mounted --overwrite'; do
	# shellcheck disable=SC2086
	expect_status 2 pool $call
	expect_err "symlink that user 65534 made"
done
expect_equal "$(blkid -p -s UUID -o value "$device")" "$before" "what is on the device"

# nor is what one leads to mounted, or written over
as_nobody ln -s "$device" "$T/b/source"
expect_status 0 pool undefine mounted
expect_status 0 pool define-as mounted --type fs --source-dev "$T/b/source" --source-format ext4 --target "$T/m"
expect_status 0 pool build mounted
for call in 'start mounted' 'build mounted --overwrite' 'build mounted --overwrite --dry-run'; do
	# shellcheck disable=SC2086
	expect_status 2 pool $call
	expect_err "'source' in the path '$T/b/source' is a symlink that user 65534 made"
done
! mountpoint -q "$T/m" || fail "mounted by way of a symlink"
expect_equal "$(blkid -p -s UUID -o value "$device")" "$before" "what is on the device"

# nor when it is put there in the last instant
FS_SIZE=300M make_fs ext4 else
umount "$T/else"
else=$(losetup --find --show "$T/else.img")
at_end "losetup --detach $device $else"
mkdir -m 0777 "$T/b/open"
ln -s "$device" "$T/b/open/source"
expect_status 0 pool define-as formatted --type fs --source-dev "$T/b/open/source" --source-format ext4 --target "$T/f"
uuids=$(blkid -p -s UUID -o value "$else")
: >"$T/calls"
ASAN_OPTIONS=detect_leaks=0 strace --follow-forks --quiet=all -o "$T/calls" --trace=execve \
	--inject=execve:delay_enter=2s:when=1 "$COWCTL" pool build formatted --session --overwrite >"$T/slow" 2>&1 &
until grep -q mkfs "$T/calls"; do :; done
as_nobody mv "$T/b/open/source" "$T/b/open/moved"
as_nobody ln -s "$else" "$T/b/open/source"
wait $! || true
expect_equal "$(blkid -p -s UUID -o value "$else")" "$uuids" "what is on another device"
[ "$(blkid -p -s UUID -o value "$device")" != "$before" ] || fail "nothing was made: $(cat "$T/slow")"

# nor in the place of what is no device
as_nobody truncate -s 1M "$T/b/open/file"
expect_status 0 pool undefine formatted
expect_status 0 pool define-as formatted --type fs --source-dev "$T/b/open/file" --source-format ext4 --target "$T/f"
: >"$T/calls"
ASAN_OPTIONS=detect_leaks=0 strace --quiet=all -o "$T/calls" -P "$T/b/open/file" --trace=openat \
	--inject=openat:delay_enter=2s:when=1 "$COWCTL" pool build formatted --session --overwrite >"$T/slow" 2>&1 &
build=$!
while [ ! -s "$T/calls" ] && kill -0 $build 2>/dev/null; do :; done
as_nobody mv "$T/b/open/file" "$T/b/open/gone"
as_nobody ln -s "$else" "$T/b/open/file"
! wait $build || fail "made all the same"
expect_text "$T/slow" "is no block device"
expect_equal "$(blkid -p -s UUID -o value "$else")" "$uuids" "what is on another device"

# nor is that mounted, be it for a moment: a guest may use it
as_nobody truncate -s 16M "$T/b/open/disk"
mkfs.ext4 -q "$T/b/open/disk"
mkdir "$T/g"
expect_status 0 pool define-as file --type fs --source-dev "$T/b/open/disk" --target "$T/g"
sum=$(sha256sum <"$else")
: >"$T/calls"
ASAN_OPTIONS=detect_leaks=0 strace --quiet=all -o "$T/calls" -P "$T/b/open/disk" --trace=fcntl \
	--inject=fcntl:delay_enter=2s:when=1 "$COWCTL" pool start file --session >"$T/slow" 2>&1 &
until [ -s "$T/calls" ]; do :; done
as_nobody mv "$T/b/open/disk" "$T/b/open/away"
as_nobody ln -s "$else" "$T/b/open/disk"
! wait $! || fail "started by way of a symlink"
expect_text "$T/slow" "symlink that user 65534 made"
expect_equal "$(sha256sum <"$else")" "$sum" "what is on another device"
! mountpoint -q "$T/g" || fail "left mounted"

# nor where there is nothing before
as_nobody rm "$T/b/open/disk"
: >"$T/calls"
ASAN_OPTIONS=detect_leaks=0 strace -o "$T/calls" -P disk --trace=openat --inject=openat:signal=STOP:when=1 \
	"$COWCTL" pool start file --session >"$T/slow" 2>&1 &
until grep -q '^--- stopped' "$T/calls"; do :; done
as_nobody ln -s "$else" "$T/b/open/disk"
pkill -CONT -P $!
! wait $! || fail "started by way of a symlink"
expect_equal "$(sha256sum <"$else")" "$sum" "what is on another device"

# nor does what is mounted hide anything else then
mkdir "$T/b/hidden"
mkdir -m 0777 "$T/b/shared"
as_nobody mkdir "$T/b/shared/pool"
expect_status 0 pool undefine mounted
expect_status 0 pool define-as swapped --type fs --source-dev "$device" --target "$T/b/shared/pool"
ASAN_OPTIONS=detect_leaks=0 strace --quiet=all -o "$T/mounts" --trace=mount,move_mount \
	--inject=mount,move_mount:delay_enter=2s "$COWCTL" pool start swapped --session >"$T/slow" 2>&1 &
until [ -s "$T/mounts" ]; do :; done
as_nobody mv "$T/b/shared/pool" "$T/b/shared/moved"
as_nobody ln -s ../hidden "$T/b/shared/pool"
! wait $! || fail "started by way of a symlink"
expect_text "$T/slow" "symlink that user 65534 made"
for place in hidden shared/moved; do
	! mountpoint -q "$T/b/$place" || fail "mounted on $place"
done
# by a name that move_mount(2) takes as well, with which newer versions of libmount do it
grep -qE '"/proc/[0-9]+/fd/[0-9]+/\."' "$T/mounts" || fail "not mounted by descriptor: $(cat "$T/mounts")"

# stopped_while_swapped POOL DIRECTORY AWAY: it lies in that directory, in whose place a symlink is put in the last instant.
stopped_while_swapped() {
	: >"$T/mounts"
	ASAN_OPTIONS=detect_leaks=0 strace --quiet=all -o "$T/mounts" --trace=umount2 --inject=umount2:delay_enter=2s \
		"$COWCTL" pool stop "$1" --session >"$T/slow" 2>&1 &
	until [ -s "$T/mounts" ]; do :; done
	as_nobody mv "$T/b/shared/$2" "$T/b/shared/$3"
	as_nobody ln -s ../victim "$T/b/shared/$2"
	wait $! || true
	mountpoint -q "$T/b/victim/m" || fail "something else was unmounted by way of a symlink: $(cat "$T/slow")"
	! mountpoint -q "$T/b/shared/$3/m" || fail "it is still mounted: $(cat "$T/slow")"
	umount "$T/b/victim/m"
}
# nor is anything else unmounted, when that is put there in the last instant
as_nobody mkdir "$T/b/shared/dir"
mkdir "$T/b/shared/dir/m" "$T/b/victim" "$T/b/victim/m"
mount -t tmpfs tmpfs "$T/b/victim/m"
expect_status 0 pool undefine swapped
expect_status 0 pool define-as swapped --type fs --source-dev "$device" --target "$T/b/shared/dir/m"
expect_status 0 pool start swapped
stopped_while_swapped swapped dir away
# nor wherever else it is put there, as what is mounted is looked for
mv "$T/b/shared/away" "$T/b/shared/fro"
mount -t tmpfs tmpfs "$T/b/victim/m"
for ((n = 1; ; n++)); do
	as_nobody rm "$T/b/shared/dir"
	as_nobody mv "$T/b/shared/fro" "$T/b/shared/dir"
	mountpoint -q "$T/b/shared/dir/m" || expect_status 0 pool start swapped
	ASAN_OPTIONS=detect_leaks=0 strace -o "$T/calls" --trace=readlink --inject=readlink:signal=STOP:when=$n \
		"$COWCTL" pool stop swapped --session >"$T/slow" 2>&1 &
	until grep -qE '^(--- stopped|\+\+\+)' "$T/calls" 2>/dev/null; do :; done
	as_nobody mv "$T/b/shared/dir" "$T/b/shared/fro"
	as_nobody ln -s ../victim "$T/b/shared/dir"
	grep -q '^--- stopped' "$T/calls" || break
	rm "$T/calls"
	pkill -CONT -P $!
	status=0
	wait $! || status=$?
	[ $status -ne 0 ] || ! mountpoint -q "$T/b/shared/fro/m" || fail "it is still mounted: $(cat "$T/slow")"
	[ $status -eq 0 ] || expect_equal "$status" 2 "status"
	mountpoint -q "$T/b/victim/m" || fail "something else was unmounted by way of a symlink: $(cat "$T/slow")"
done
[ "$n" -gt 1 ] || fail "nothing is read of links: the calls are others by now"
umount "$T/b/victim/m"

# nor removed, of what could not be started
as_nobody mkdir "$T/b/shared/made"
mkdir -p "$T/b/victim/new"
: >"$T/calls"
ASAN_OPTIONS=detect_leaks=0 strace --quiet=all -o "$T/calls" --trace=linkat --inject=linkat:delay_enter=2s:error=EIO \
	"$COWCTL" pool create-as fails --session --build --target "$T/b/shared/made/new" >"$T/slow" 2>&1 &
until [ -s "$T/calls" ]; do :; done
[ -d "$T/b/shared/made/new" ] || fail "it is not made yet"
as_nobody mv "$T/b/shared/made" "$T/b/shared/elsewhere"
as_nobody ln -s ../victim "$T/b/shared/made"
! wait $! || fail "created all the same"
[ -d "$T/b/victim/new" ] || fail "something else was removed by way of a symlink"

# nor what the helper of a server mounts by the path: it is unmounted from where it came to be
as_nobody mkdir "$T/b/shared/served"
cat >"$T/helper" <<END
#!/bin/bash
setpriv --reuid=65534 --regid=65534 --clear-groups mv "$T/b/shared/served" "$T/b/shared/away"
setpriv --reuid=65534 --regid=65534 --clear-groups ln -s ../hidden "$T/b/shared/served"
mount -t tmpfs 127.0.0.1:/vms "\$2"
END
chmod +x "$T/helper"
mount --bind "$T/helper" /sbin/mount.nfs # in the mount namespace of this test
expect_status 0 pool define-as served --type netfs --source-host 127.0.0.1 --source-path /vms --source-format nfs \
	--target "$T/b/shared/served"
expect_status 2 pool start served
umount /sbin/mount.nfs
expect_err "symlink that user 65534 made"
! mountpoint -q "$T/b/hidden" || fail "left mounted by way of a symlink"

# nor is what is mounted where such a symlink leads unmounted, when the helper was there before it
as_nobody mkdir "$T/b/shared/later"
mkdir "$T/b/shared/later/m"
mount -t tmpfs tmpfs "$T/b/victim/m"
cat >"$T/helper" <<END
#!/bin/bash
mount -t tmpfs 127.0.0.1:/vms "\$2"
setpriv --reuid=65534 --regid=65534 --clear-groups mv "$T/b/shared/later" "$T/b/shared/gone"
setpriv --reuid=65534 --regid=65534 --clear-groups ln -s ../victim "$T/b/shared/later"
END
expect_status 0 pool undefine served
expect_status 0 pool define-as served --type netfs --source-host 127.0.0.1 --source-path /vms --source-format nfs \
	--target "$T/b/shared/later/m"
mount --bind "$T/helper" /sbin/mount.nfs
expect_status 2 pool start served
umount /sbin/mount.nfs
expect_err "symlink that user 65534 made"
mountpoint -q "$T/b/victim/m" || fail "something else was unmounted by way of a symlink"
! mountpoint -q "$T/b/shared/gone/m" || fail "left mounted where its directory is by then"

# nor is that when it is stopped, of a server as well
cat >"$T/helper" <<END
#!/bin/bash
exec mount -t tmpfs 127.0.0.1:/vms "\$2"
END
mount --bind "$T/helper" /sbin/mount.nfs
as_nobody mkdir "$T/b/shared/last"
mkdir "$T/b/shared/last/m"
expect_status 0 pool undefine served
expect_status 0 pool define-as served --type netfs --source-host 127.0.0.1 --source-path /vms --source-format nfs \
	--target "$T/b/shared/last/m"
expect_status 0 pool start served
stopped_while_swapped served last left
umount /sbin/mount.nfs

ln -s target "$T/b/own"
expect_status 0 pool define-as own --target "$T/b/own" --cow off
expect_status 0 pool build own
is_nocow "$T/b/target" || fail "not built by way of an own symlink"
# nor are definitions written where one leads
mkdir "$T/elsewhere"
as_nobody ln -s ../elsewhere "$T/b/shared/config"
XDG_CONFIG_HOME=$T/b/shared/config expect_status 2 pool define-as lost --target "$T/b/own" --json
expect_json '.error | .code == "refused" and .remedy == "name the path it leads to instead"'
expect_equal "$(ls -A "$T/elsewhere")" ""
# and whoever made one may use it, and what root made
mkdir -m 0777 "$T/nobody"
export XDG_CONFIG_HOME=$T/nobody XDG_RUNTIME_DIR=$T/nobody
as_nobody mkdir "$T/b/nobodys"
as_nobody ln -s nobodys "$T/b/link"
ln -s nobodys "$T/b/roots"
for link in link roots; do
	expect_status 0 as_nobody cowctl pool define-as $link --session --target "$T/b/$link" --cow off
	expect_status 0 as_nobody cowctl pool build $link --session
done
