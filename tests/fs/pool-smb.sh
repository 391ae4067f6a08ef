#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A pool of type netfs on an SMB server, which is this machine: mounted while it is started, its volumes are on the
# server, and the policy is not applicable.
. "$(dirname "$0")/../lib.sh"
need_lab ksmbd cifs ext4
require ksmbd.mountd ksmbd.control mount.cifs jq
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime
end() {
	umount "$T/vms"
	ksmbd.control --shutdown
	nsenter --target 1 --mount umount "$T/share"
}
at_end 'end >/dev/null 2>&1 || :'
pool() {
	cowctl pool "$@" --session
}

expect_status 0 pool define-as smb --type netfs --source-host 127.0.0.1 --source-path share/vms --source-format cifs \
	--target "$T/vms"
expect_status 0 pool build smb

# without a server
expect_status 2 pool start smb --json
expect_json '.error.code == "tool" and (.error.message | startswith("mount '\''//127.0.0.1/share/vms'\'' on"))'
expect_status 0 pool info smb --json
expect_json '.pools[0] | .state == "inactive" and .mount_source == "//127.0.0.1/share/vms" and .mount_type == "cifs"'

# A kernel thread serves, which is in the mount namespace of the first process.
make_fs ext4 share
mkdir "$T/share/vms"
nsenter --target 1 --mount mount "$(loop_of "$T/share.img")" "$T/share"
printf '[global]\nmap to guest = bad user\n[share]\npath = %s\n' "$T/share" >"$T/ksmbd.conf"
printf '%s = yes\n' 'guest ok' writeable >>"$T/ksmbd.conf"
printf 'force %s = root\n' user group >>"$T/ksmbd.conf"
touch "$T/ksmbd.users"
nsenter --target 1 --mount ksmbd.mountd --config="$T/ksmbd.conf" --users="$T/ksmbd.users"
until grep -q running /sys/class/ksmbd-control/stats; do :; done

expect_status 0 pool start smb
expect_out 'compliance not-applicable'
expect_equal "$(findmnt -n -o SOURCE,FSTYPE "$T/vms" | xargs)" "//127.0.0.1/share/vms cifs"
options=,$(findmnt -n -o VFS-OPTIONS "$T/vms"),
for option in nodev nosuid noexec; do
	case $options in *,$option,*) ;; *) fail "mounted without $option: $options" ;; esac
done
expect_status 2 pool start smb
expect_err 'is started already'
expect_status 0 pool info smb --json
expect_json '.pools[0] | .state == "active" and .compliance == "not-applicable" and .capacity > 0'
expect_status 0 cowctl vol create-as --session smb image 2M
expect_equal "$(nsenter --target 1 --mount stat -c %s "$T/share/vms/image")" 2097152 "on the server"
# The kernel holds QEMU's locks against QEMU itself there, unless it is told not to have any.
expect_status 2 cowctl vol create-as --session smb disk 8M --format qcow2
expect_err 'Is another process using the image' 'mount it with the option nobrl'
expect_status 0 pool stop smb
expect_status 0 pool dumpxml smb
sed -e 's|<pool |&xmlns:fs="http://libvirt.org/schemas/storagepool/fs/1.0" |' \
	-e 's|</pool>|<fs:mount_opts><fs:option name="nobrl"/></fs:mount_opts>&|' "$T/out" >"$T/smb.xml"
expect_status 0 pool define "$T/smb.xml"
expect_status 0 pool start smb
expect_status 0 cowctl vol create-as --session smb disk 8M --format qcow2
expect_status 0 pool refresh smb
expect_status 0 cowctl vol list --session smb --json
expect_json '[.volumes[] | [.name, .format, .compliance]] ==
	[["disk", "qcow2", "not-applicable"], ["image", "raw", "not-applicable"]]'
expect_status 0 cowctl vol delete --session --pool smb image
expect_status 0 pool stop smb
! mountpoint -q "$T/vms" || fail "still mounted"
expect_equal "$(nsenter --target 1 --mount ls -A "$T/share/vms")" disk "what is left on the server"
