# SPDX-License-Identifier: LGPL-2.1-or-later
# On a data profile with copies, auto wants copy-on-write; off is obeyed, with a warning.
. "$(dirname "$0")/../lib.sh"
need_root
require jq

for kind in btrfs-raid1 btrfs-dup; do
	make_fs "$kind" "$kind"
	cd "$T/$kind"
	mkdir nocow
	chattr +C nocow
	make_image cow.img 1M
	make_image nocow/nocow.img 1M
	sync .
	profile=${kind#btrfs-}

	expect_status 1 cowctl audit --json .
	expect_json '.images[0] | .compliance == "ok" and .policy == "auto" and .effective == "on"'
	expect_json '.images[1] | .compliance == "drifted" and .findings[0].rule == "nocow-image"'
	expect_json '.images[1].findings[0].message | contains($profile)' --arg profile "$profile"

	expect_status 0 cowctl audit --json --cow off nocow
	expect_json '.images[0] | .compliance == "ok" and .findings[0].rule == "redundant-nocow"'
	expect_json '.images[0].findings[0] | .severity == "warning" and (.message | contains($p))' --arg p "$profile"
	cd /
done
