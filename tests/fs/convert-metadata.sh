#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Owner, mode, times to the nanosecond, ACL, extended attributes, capabilities and flags are kept,
# in both directions.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
require setfacl getfacl setfattr setcap
make_fs btrfs b
image=$T/b/v.raw
make_image "$image" 1M
chown 1234:5678 "$image"
chmod 6751 "$image"
setfattr -n user.note -v $'two\nlines' "$image"
setfattr -n user.empty "$image"
setfattr -n user.large -v "$(head -c 3000 /dev/zero | tr '\0' x)" "$image"
setfattr -n trusted.secret -v 0x00ff00 "$image"
setfattr -n security.ima -v 0x0404 "$image"
setfattr -n security.selinux -v system_u:object_r:virt_image_t:s0 "$image"
setcap cap_net_raw+ep "$image"
setfacl -m u:4321:rw,g:8765:r,m::rwx "$image"
chmod u+s,g+s "$image"
chattr +dAS "$image"
touch -d '2001-02-03 04:05:06.123456789' "$image"
touch -a -d '2002-03-04 05:06:07.987654321' "$image"

before=$(state_of "$image")
for text in 'mode 6771 owner 1234:5678' 'atime 2002-03-04 05:06:07.987654321' \
	'mtime 2001-02-03 04:05:06.123456789' user.note= user.empty user.large= trusted.secret= \
	security.ima= security.selinux= security.capability= system.posix_acl_access= 'flags SdA'; do
	case $before in *"$text"*) ;; *) fail "the file has no '$text':"$'\n'"$before" ;; esac
done
expect_converted off "$image"
expect_converted on "$image"
expect_equal "$(state_of "$image")" "$before" "after both"

# An ACL that a directory hands down is not the image's.
mkdir "$T/b/acl"
make_image "$T/b/acl/v.raw" 1M
setfacl -d -m u:4321:rwx "$T/b/acl"
expect_converted off "$T/b/acl/v.raw"
