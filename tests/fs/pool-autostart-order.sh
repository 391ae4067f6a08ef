#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# At boot a pool that has something mounted is started before those that lie in there, whatever their names; and a
# server that is gone, with what lies on it, is waited for when all others are started. What can't be started before
# another one is started after it.
. "$(dirname "$0")/../lib.sh"
need_root
require mkfs.ext4 jq
export ASAN_OPTIONS=detect_leaks=0 # libmount loses a path when somebody else is faster to take a loop device
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime
pool() {
	cowctl pool "$@" --session
}
marked() {
	expect_status 0 pool define-as "$@"
	expect_status 0 pool autostart "$1"
}
truncate -s 32M "$T/disk.img"
mkfs.ext4 -q "$T/disk.img"
mkdir "$T/m" "$T/m/in"
mount "$T/disk.img" "$T/m"
mkdir "$T/m/in"
umount "$T/m"
marked a --target "$T/m/in"
marked z --type fs --source-dev "$T/disk.img" --target "$T/m"

# what needs another one in a way that its path doesn't show
truncate -s 8M "$T/part.img"
mkfs.ext4 -q "$T/part.img"
mkdir "$T/b"
mount "$T/part.img" "$T/b"
truncate -s 2M "$T/b/inner.img"
mkdir "$T/inner" "$T/inner/f"
mkfs.ext4 -q -d "$T/inner" "$T/b/inner.img"
umount "$T/b"
mkdir "$T/b/f"
mount "$T/disk.img" "$T/m"
mv "$T/part.img" "$T/m/part.img"
umount "$T/m"
mkdir "$T/c"
ln -s "$T/m/in" "$T/d"
marked b --type fs --source-dev "$T/c/inner.img" --target "$T/b"
marked f --target "$T/b/f"
marked c --type fs --source-dev "$T/m/part.img" --target "$T/c"
marked d --target "$T/d/below"
mount "$T/disk.img" "$T/m"
mkdir "$T/m/in/below" "$T/m/in/there"
umount "$T/m"

# be there a directory of its own before
marked e --target "$T/d/there"
mkdir "$T/m/in/there"

# a server whose helper waits
mkdir "$T/a" "$T/a/on" "$T/other"
marked served --type netfs --source-host 127.0.0.1 --source-path /vms --source-format nfs --target "$T/a"
marked on --target "$T/a/on"
marked other --target "$T/other"
mkfifo "$T/waits"
printf '#!/bin/sh\n: >"%s"\nexit 32\n' "$T/waits" >"$T/helper"
chmod +x "$T/helper"
mount --bind "$T/helper" /sbin/mount.nfs # in the mount namespace of this test
pool start --autostart >"$T/said" 2>&1 &
starting=$!
for name in a z other; do
	until [ -e "$T/runtime/cowctl/pools/$name.started" ]; do
		kill -0 $starting 2>/dev/null || fail "$name is not started: $(cat "$T/said")"
		read -rt 0.05 <> <(:) || true
	done
done
kill -0 $starting || fail "nobody waited for the server"
[ ! -e "$T/runtime/cowctl/pools/on.started" ] || fail "it is started without its server"
cat "$T/waits"
wait $starting && fail "a server that is gone was mounted"
umount /sbin/mount.nfs
expect_status 0 pool list --json
expect_json '[.pools[] | "\(.name) \(.state)"] == ["a active", "b active", "c active", "d active", "e active", "f active", "on active", "other active", "served inactive", "z active"]'
expect_equal "$(findmnt -n -o SOURCE,TARGET --target "$T/m/in" | wc -l)" 1
expect_equal "$(findmnt -n -o TARGET --target "$T/m/in")" "$T/m"
for name in a d e f on other b c z; do
	expect_status 0 pool stop $name
done
