#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Of several pools with one directory it is ours that a path belongs to, and the one that is started.
. "$(dirname "$0")/../lib.sh"
require jq
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime

# belongs POOL: what is created in the directory
belongs() {
	expect_status 0 cowctl create --session "$T/vms/image" 1M --json
	expect_json '.image.pool == $pool' --arg pool "$1"
	rm "$T/vms/image"
}

mkdir -p "$T/vms" "$T/config/libvirt/storage"
ln -s vms "$T/link"
cat >"$T/config/libvirt/storage/a.xml" <<END
<pool type='dir'><name>a</name><uuid>11111111-2222-3333-4444-555555555555</uuid><target><path>$T/vms</path></target></pool>
END
belongs a
expect_status 0 cowctl pool define-as b --session --target "$T/vms"
belongs b
expect_status 0 cowctl pool define-as c --session --target "$T/link"
expect_status 0 cowctl pool start c --session
belongs c
expect_status 0 cowctl pool stop c --session
expect_status 0 cowctl pool start b --session
belongs b

# and only one is started at a time: each would undo what the policy of the other one did
expect_status 2 cowctl pool start c --session --json
expect_json '.error | .code == "busy" and (.message | contains("\u0027b\u0027 is started in")) and .remedy'
