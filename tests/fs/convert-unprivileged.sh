#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The owner of an image converts it without being root; nobody else does.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
require setfattr
make_fs btrfs b
make_fs xfs x
mkdir "$T/b/own" "$T/b/shut"
chown 65534:65534 "$T/b/own"
make_image "$T/b/own/v.raw" 1M
make_image "$T/b/own/root.raw" 1M
make_image "$T/b/shut/v.raw" 1M
chown 65534:65534 "$T/b/own/v.raw" "$T/b/shut/v.raw"
chmod 640 "$T/b/own/v.raw"

# Another's file: whether it is in use can only be known to its owner.
before=$(folder_of "$T/b/own")
expect_status 2 as_nobody cowctl convert --json "$T/b/own/root.raw"
expect_json '.images[0].result == "refused" and .error.code == "permission"'
expect_err "its owner or root"
expect_equal "$(folder_of "$T/b/own")" "$before" "the folder"

# A folder that is another's: the copy can't be put there.
before=$(folder_of "$T/b/shut")
expect_status 2 as_nobody cowctl convert --json "$T/b/shut/v.raw"
expect_json '.images[0].result == "refused" and .error.code == "permission"'
expect_equal "$(folder_of "$T/b/shut")" "$before" "the folder"

# What only root may read can't be kept by anybody else, and is not lost in silence.
setfattr -n trusted.secret -v 1 "$T/b/own/v.raw"
before=$(folder_of "$T/b/own")
expect_status 2 as_nobody cowctl convert --json "$T/b/own/v.raw"
expect_json '.images[0].result == "refused" and .error.remedy == "try as root"'
expect_equal "$(folder_of "$T/b/own")" "$before" "the folder"
setfattr -x trusted.secret "$T/b/own/v.raw"
setfattr -n trusted.libvirt.security.ref_dac -v 1 "$T/b/own/v.raw"
expect_status 2 as_nobody cowctl convert --json "$T/b/own/v.raw"
expect_json '.images[0] | .result == "refused" and (.reason | contains("marked as in use"))'
setfattr -x trusted.libvirt.security.ref_dac "$T/b/own/v.raw"

before=$(state_of "$T/b/own/v.raw")
expect_status 0 as_nobody cowctl convert --json "$T/b/own/v.raw"
expect_json '.images[0] | .result == "converted" and .verified == true'
is_nocow "$T/b/own/v.raw" || fail "not NOCOW"
expect_equal "$(state_of "$T/b/own/v.raw")" "$before" "what is kept"
expect_equal "$(litter_in "$T/b")" "" "what is left"

# Where such attributes are not even listed to anybody else, nobody else can know of them: that is said, in the
# plan and after it, and not to root.
mkdir "$T/x/own"
make_image "$T/x/own/v.raw" 1M
chown -R 65534:65534 "$T/x/own"
chmod 755 "$T/x/own"
for option in --dry-run --json; do
	expect_status 0 cowctl convert --rewrite "$option" "$T/x/own/v.raw"
	! grep -q trusted "$T/err" || fail "root is told: $(cat "$T/err")"
	expect_status 0 as_nobody cowctl convert --rewrite "$option" "$T/x/own/v.raw"
	expect_err "attributes in trusted.*, libvirt's in-use mark among them, only root can see"
done
expect_json '.images[0] | .result == "converted" and (.reason | contains("trusted.*"))'
