#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# pool find-sources refuses, as libvirt does, what has nothing to find; and who can't be asked is no empty answer.
# What a server exports is found in tests/fs/pool-nfs.sh.
. "$(dirname "$0")/../lib.sh"
require jq showmount

for type in dir fs; do
	expect_status 1 cowctl pool find-sources $type --json
	expect_json '.error.code == "unsupported" and (has("sources") | not)'
	expect_err "no source that could be found" "yourself"
done
expect_status 1 cowctl pool find-sources logical
expect_err "'logical' are not supported"
expect_status 3 cowctl pool find-sources lvm
expect_err "'lvm' is no type"
expect_status 3 cowctl pool find-sources netfs
expect_err "name a host"

# no route leads there
expect_status 2 cowctl pool find-sources netfs 240.0.0.1
expect_err "host '240.0.0.1': showmount failed" "NFS 4"
[ ! -s "$T/out" ] || fail "an answer"
# no option of showmount's, and nothing that XML can't hold
for host in -d '' $'a\xff'; do
	expect_status 3 cowctl pool find-sources netfs -- "$host"
done
expect_status 3 cowctl pool find-sources netfs 240.0.0.1 --json -- -d
expect_json 'has("sources") | not'
expect_status 2 cowctl pool find-sources netfs 240.0.0.1 240.0.0.2 --json
expect_err "2 hosts could not be asked"
expect_json '.sources == [] and (.error.message | contains("240.0.0.1"))'
