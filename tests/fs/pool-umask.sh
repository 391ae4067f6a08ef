#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What is made for pools has the mode it needs, whatever the umask: everybody sees the system's pools and
# passes to their directories, nobody else writes there. /etc, /run and /var/cache are the test's own.
. "$(dirname "$0")/../lib.sh"
need_root
mkdir "$T/layer"
mount -t tmpfs tmpfs "$T/layer"
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/cache
at_end 'umount /var/cache /run; umount /etc 2>/dev/null || true'
chmod 0755 "$T"

for mask in 0077 0022 0000; do
	mkdir "$T/layer/upper$mask" "$T/layer/work$mask"
	mount -t overlay -o "lowerdir=/etc,upperdir=$T/layer/upper$mask,workdir=$T/layer/work$mask" overlay /etc
	rm -rf /etc/cowctl /run/cowctl
	mkdir -m 0755 "$T/$mask"
	umask "$mask"
	expect_status 0 cowctl pool define-as p --target "$T/$mask/a/b/p"
	expect_status 0 cowctl pool autostart p
	expect_status 0 cowctl pool build p
	expect_status 0 cowctl pool start p
	expect_equal "$(stat -c '%a' /etc/cowctl /etc/cowctl/pools{,/autostart} /run/cowctl{,/pools} \
		"$T/$mask/a"{,/b,/b/p} | xargs)" "755 755 755 755 755 755 755 711" "modes under umask $mask"
	expect_status 0 as_nobody cowctl pool list --system --name --active --autostart
	expect_out p
	XDG_CONFIG_HOME=$T/$mask/config XDG_RUNTIME_DIR=$T/$mask/runtime \
		expect_status 0 cowctl pool define-as s --session --target "$T/s"
	expect_equal "$(stat -c '%a' "$T/$mask/config"{,/cowctl{,/pools}} | xargs)" "700 700 700" "a session's"
	expect_status 0 cowctl pool stop p
	umask 022
	umount /etc
done

# a group that is handed down stays
mkdir -m 2775 "$T/group"
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime
expect_status 0 cowctl pool define-as g --session --target "$T/group/a/g"
expect_status 0 cowctl pool build g --session
expect_equal "$(stat -c '%a' "$T/group/a"{,/g} | xargs)" "2755 2711"
