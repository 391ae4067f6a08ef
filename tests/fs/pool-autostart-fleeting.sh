#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What is unmounted again as soon as it is mounted, as systemd does with what it has no device for, is not started for
# ever at boot.
. "$(dirname "$0")/../lib.sh"
need_root
require mkfs.ext4 mount.nilfs2
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime
# marked NAME IMAGE FORMAT
marked() {
	mkdir "$T/$1"
	truncate -s 8M "$T/$1.img"
	mkfs.ext4 -q "$T/$1.img"
	expect_status 0 cowctl pool define-as "$1" --session --type fs --source-dev "$T/$1.img" --source-format "$2" \
		--target "$T/$1"
	expect_status 0 cowctl pool autostart "$1" --session
}
marked fleeting nilfs2
marked never nilfs2
marked other ext4

# before the other one it can't be mounted, and when it is tried again it is gone before the next one has failed
cat >"$T/helper" <<END
#!/bin/bash
if [ "\$2" = "$T/never" ]; then
	while mountpoint -q "$T/fleeting"; do sleep 0.05; done
	exit 32
fi
mountpoint -q "$T/other" || exit 32
mount -i -t ext4 "\$1" "\$2" || exit 32
{ sleep 0.5 && umount "\$2"; } >/dev/null 2>&1 &
END
chmod +x "$T/helper"
mount --bind "$T/helper" /sbin/mount.nilfs2 # in the mount namespace of this test
ASAN_OPTIONS=detect_leaks=0 expect_status 2 timeout --signal=KILL 60 "$COWCTL" pool start --session --autostart
umount /sbin/mount.nilfs2
expect_out "started pool 'other'" "started pool 'fleeting'"
expect_err "'$T/never': its helper failed"
