#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A clone follows the policy of the pool it is made in, not of the one its source is in.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-clone.sh"
need_root
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime
make_fs btrfs b
cd "$T/b"
for policy in off on; do
	expect_status 0 cowctl pool define-as --session $policy --target "$PWD/$policy" --cow $policy
	expect_status 0 cowctl pool build --session $policy
	make_image $policy/v.raw 1M
done

# clones METHOD FROM TO NOCOW
clones() {
	expect_cloned "$1" "$2/v.raw" "$3/clone" --session
	expect_json '.image | .pool == $pool and .policy == $pool and .nocow == $nocow' \
		--arg pool "$3" --argjson nocow "$4"
	rm "$3/clone"
}
clones shared off off true
clones shared on on false
clones copied on off true
clones copied off on false

expect_cloned shared on/v.raw off/clone --session --match
expect_json '.image | .match and .nocow == false and .pool == null and .policy == null'
