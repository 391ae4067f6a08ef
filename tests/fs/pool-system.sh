#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The system's pools: root's by default, for everybody to see, for nobody else to change. /etc, /run and
# /var/cache are the test's own.
. "$(dirname "$0")/../lib.sh"
need_root
require jq
mkdir "$T/layer"
mount -t tmpfs tmpfs "$T/layer"
mkdir "$T/layer/upper" "$T/layer/work"
mount -t overlay -o "lowerdir=/etc,upperdir=$T/layer/upper,workdir=$T/layer/work" overlay /etc
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/cache
at_end 'umount /var/cache /run /etc'
rm -rf /etc/cowctl /etc/libvirt/storage
umask 022

# nothing anywhere is no error
expect_status 0 cowctl pool list --json
expect_json '.pools == []'

expect_status 0 cowctl pool define-as sys --target "$T/images"
expect_equal "$(stat -c %a /etc/cowctl /etc/cowctl/pools /etc/cowctl/pools/sys.xml | xargs)" \
	"755 755 644"
expect_status 0 cowctl pool build sys
expect_status 0 cowctl pool start sys
[ -e /run/cowctl/pools/sys.started ] || fail "no mark in /run"
mkdir /etc/cowctl/pools/autostart
ln -s ../sys.xml /etc/cowctl/pools/autostart/sys.xml

# others see it when they ask for it, and change nothing
expect_status 0 as_nobody cowctl pool list --system --json
expect_json '.pools[0] | .name == "sys" and .state == "active" and .autostart'
for verb in 'stop sys' 'define-as mine --target /mine'; do
	IFS=' ' read -ra words <<<"$verb"
	expect_status 2 as_nobody cowctl pool "${words[@]}" --system --json
	expect_json '.error.code == "permission"'
done
# they can't speak of what is done to it, but hear of it, whatever the umask of who does it
as_nobody cowctl pool refresh sys --system >"$T/out" 2>"$T/err" || true
! grep refreshed /run/cowctl/pools/events || fail "somebody else has written there"
rm /run/cowctl/pools/events
(umask 077 && expect_status 0 cowctl pool stop sys && expect_status 0 cowctl pool start sys)
expect_equal "$(stat -c %a /run/cowctl/pools/events /run/cowctl/pools/.events.lock | xargs)" "644 600"
as_nobody cowctl pool event --system --event refresh >"$T/heard" &
watcher=$!
while kill -0 $watcher 2>/dev/null; do
	expect_status 0 cowctl pool refresh sys
done
wait $watcher
expect_equal "$(cat "$T/heard")" "event 'refresh' for pool sys: refreshed"
# nor do they keep root from it, by a lock on what they may read; root can, and is named
mkfifo "$T/held"
for what in /etc/cowctl/pools /run/cowctl/pools /etc/cowctl/pools/sys.xml; do
	as_nobody flock "$what" sh -c 'exec cat "$1"' sh "$T/held" &
	exec 7>"$T/held" # once it is locked
	expect_status 0 cowctl pool autostart sys
	exec 7>&-
	wait $!
done
! as_nobody flock --nonblock /etc/cowctl/pools/.lock true 2>/dev/null || fail "everybody may lock"
flock /etc/cowctl/pools/.lock sh -c 'exec cat "$1"' sh "$T/held" &
exec 7>"$T/held"
expect_status 2 cowctl pool stop sys --json
expect_json '.error.code == "busy" and (.error.remedy | contains("fuser"))'
exec 7>&-
wait $!

# where /etc is read-only pools are started and stopped all the same, one at a time
mount --bind /etc/cowctl/pools /etc/cowctl/pools
mount -o remount,bind,ro /etc/cowctl/pools
expect_status 0 cowctl pool stop sys
expect_status 0 cowctl pool start sys
expect_status 0 cowctl pool create-as scratch --build --target "$T/scratch"
expect_status 0 cowctl pool stop scratch
expect_status 2 cowctl pool define-as more --target "$T/more"
expect_err "write 'more.xml'" "Read-only file system"
flock /run/cowctl/pools/.lock sh -c 'exec cat "$1"' sh "$T/held" &
exec 7>"$T/held"
expect_status 2 cowctl pool stop sys --json
expect_json '.error.code == "busy" and (.error.remedy | contains("/run/cowctl/pools/.lock"))'
exec 7>&-
wait $!
umount /etc/cowctl/pools
# and where /run is, what can't be had leaves nothing
mount --bind /run/cowctl/pools /run/cowctl/pools
mount -o remount,bind,ro /run/cowctl/pools
expect_status 2 cowctl pool create-as more --build --target "$T/more"
expect_err "write 'more.started'" "Read-only file system"
[ ! -e "$T/more" ] || fail "a pool that could not be started left its directory"
umount /run/cowctl/pools

# what was found in the volumes everybody remembers for themselves
truncate -s 1M "$T/images/image"
settle "$T/images"
index=cowctl/pools/$(cowctl pool uuid sys).index
expect_status 0 cowctl pool info sys
expect_equal "$(stat -c '%u %a' "/var/cache/$index")" "0 600"
mkdir -m 0777 "$T/theirs"
chmod 0755 "$T/images"
chmod 0600 "$T/images/image"
XDG_CACHE_HOME=$T/theirs expect_status 2 as_nobody cowctl vol list sys --system
chmod a+r "$T/images/image"
XDG_CACHE_HOME=$T/theirs expect_status 0 as_nobody cowctl pool info sys --system
settle "$T/images"
XDG_CACHE_HOME=$T/theirs expect_status 0 as_nobody cowctl vol list sys --system
expect_equal "$(stat -c '%u %a' "$T/theirs/$index")" "65534 600"
rm "$T/images/image"

export XDG_CONFIG_HOME=$T/none XDG_RUNTIME_DIR=$T/none
expect_status 0 as_nobody cowctl pool list --json
expect_json '.pools == []'

# what can't be looked at is said, and hides nothing
mkdir -p /etc/libvirt/storage
chmod 0700 /etc/libvirt/storage
expect_status 2 as_nobody cowctl pool list --system --json
expect_json '[.pools[].name] == ["sys"] and .error.code == "permission"'

# a reboot: /run is empty, and the pool not started
rm -r /run/cowctl
expect_status 0 cowctl pool info sys --json
expect_json '.pools[0].state == "inactive"'
expect_status 0 cowctl pool undefine sys
expect_equal "$(find /etc/cowctl -not -type d -not -name .lock)" "" "what is left of it"
