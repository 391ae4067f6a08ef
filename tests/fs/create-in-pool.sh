#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# An image in the directory of a pool, or below it, follows the policy of that pool.
. "$(dirname "$0")/../lib.sh"
need_root
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime

make_fs btrfs fs
cd "$T/fs"
for policy in off on auto; do
	expect_status 0 cowctl pool define-as --session $policy --target "$PWD/$policy" --cow $policy
	expect_status 0 cowctl pool build --session $policy
done
mkdir on/below off/below outside
chattr -C off/below
ln -s on/below link

# creates DIRECTORY POOL POLICY NOCOW
creates() {
	expect_status 0 cowctl create --session --json "$1/image" 1M
	expect_json '.image | .pool == $pool and .policy == $policy and .nocow == $nocow' \
		--argjson pool "$2" --arg policy "$3" --argjson nocow "$4"
	rm "$1/image"
}
creates off '"off"' off true
creates on '"on"' on false
creates auto '"auto"' auto true
creates off/below '"off"' off true
creates on/below '"on"' on false
creates link '"on"' on false
creates outside null auto true
(cd off && creates . '"off"' off true)

# the one who asks has the last word
expect_status 0 cowctl create --session --json --cow on off/image 1M
expect_json '.image | .pool == null and .policy == "on" and .nocow == false'

# off is met without a flag where overwrites stay in place anyway
make_fs ext4 other
expect_status 0 cowctl pool define-as --session other --target "$T/other" --cow off
expect_status 0 cowctl create --session "$T/other/image" 1M
expect_out "by pool 'other'"

# a definition that can't be read could be the one: that is said
echo broken >"$XDG_CONFIG_HOME/cowctl/pools/broken.xml"
expect_status 0 cowctl create --session outside/image 1M
expect_err 'broken'

# a user without a home has none
expect_status 0 env -u HOME -u XDG_CONFIG_HOME -u XDG_CACHE_HOME -u XDG_RUNTIME_DIR "$COWCTL" create --session --json \
	outside/homeless 1M
expect_json '.image | .pool == null and .policy == "auto"'
expect_err 'set HOME'
