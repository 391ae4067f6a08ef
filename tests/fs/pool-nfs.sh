#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Pools of type netfs: a server's directory is mounted while the pool is started, and the policy is not
# applicable, in the state, by apply and in an audit. The server is this machine.
. "$(dirname "$0")/../lib.sh"
need_lab nfsd nfsv4
require rpcbind rpc.mountd rpc.nfsd exportfs mount.nfs jq
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime
end() {
	umount "$T/vms"
	rpc.nfsd 0
	exportfs -au
	exportfs -f
}
at_end 'end >/dev/null 2>&1 || :'
pool() {
	cowctl pool "$@" --session
}

expect_status 0 pool define-as nfs --type netfs --source-host 127.0.0.1 --source-path "/vms" \
	--source-format nfs --target "$T/vms"
expect_status 0 pool dumpxml nfs
sed -e 's|<pool |&xmlns:fs="http://libvirt.org/schemas/storagepool/fs/1.0" |' \
	-e 's|</source>|<protocol ver="4.2"/>&|' \
	-e 's|</pool>|<fs:mount_opts><fs:option name="retry=0"/><fs:option name="_netdev"/></fs:mount_opts>&|' \
	"$T/out" >"$T/nfs.xml"
expect_status 0 pool define "$T/nfs.xml"
expect_status 0 pool build nfs
expect_status 3 pool build nfs --overwrite
expect_err 'has no device'

# without a server
expect_status 2 pool start nfs --json
expect_json '.error.code == "tool" and (.error.message | startswith("mount '\''127.0.0.1:/vms'\'' on"))'
expect_status 0 pool info nfs --json
expect_json '.pools[0] | .state == "inactive" and .mount_source == "127.0.0.1:/vms"'

mkdir -p "$T/exported/vms"
mount -t tmpfs tmpfs "$T/exported"
mkdir "$T/exported/vms"
rpcbind
exportfs -o rw,fsid=0,no_root_squash,no_subtree_check,insecure "*:$T/exported"
rpc.mountd --port 20048
rpc.nfsd 1
echo Y >/proc/fs/nfsd/v4_end_grace
# A kernel thread serves, which is in the mount namespace of the first process.
nsenter --target 1 --mount mount -t tmpfs tmpfs "$T/exported"
nsenter --target 1 --mount mkdir "$T/exported/vms"

# what it exports is found, beside a host that can't be asked
mkdir "$T/exported/with  blanks"
exportfs -o rw,no_subtree_check,insecure "127.0.0.1:$T/exported/with  blanks"
expect_status 2 cowctl pool find-sources netfs 127.0.0.1 240.0.0.1 --json
expect_json '.sources | sort_by(.path) == [{host: "127.0.0.1", path: $dir, format: "nfs"},
	{host: "127.0.0.1", path: ($dir + "/with  blanks"), format: "nfs"}]' --arg dir "$T/exported"
expect_json '.error | .code == "tool" and (.message | startswith("host '\''240.0.0.1'\''"))'
expect_status 0 cowctl pool find-sources netfs 127.0.0.1
expect_out '<sources>' '<host name="127.0.0.1"/>' "<dir path=\"$T/exported/with  blanks\"/>" '<format type="nfs"/>'

expect_status 0 pool start nfs
expect_out 'compliance not-applicable'
expect_equal "$(findmnt -n -o SOURCE,FSTYPE "$T/vms" | xargs)" "127.0.0.1:/vms nfs4"
grep -q "TARGET=$T/vms .*_netdev" /run/mount/utab || fail "libmount keeps no options"
expect_status 0 pool info nfs --json
expect_json '.pools[0] | .state == "active" and .compliance == "not-applicable" and .capacity > 0'
expect_status 0 cowctl vol create-as --session nfs image 2M
expect_status 0 cowctl vol create-as --session nfs sub --format dir
expect_status 2 cowctl vol create-as --session nfs image --format dir
expect_status 0 cowctl vol delete --session --pool nfs sub
[ -s "$T/vms/image" ] || fail "no volume"
expect_status 0 pool apply nfs --json
expect_json '.points | length == 1 and (.[0] | .after == "not-applicable" and .action == "leave")'
expect_status 0 pool refresh nfs
expect_status 0 cowctl vol list --session nfs --json
expect_json '[.volumes[] | [.name, .compliance]] == [["image", "not-applicable"]]'
expect_status 0 cowctl audit --session nfs --json
expect_json '[.images[].compliance] == ["not-applicable"]'

# Who has a volume open on another machine is not to be known, nor is that the server delegates one to us; who has
# it open here is, and nobody is no reason to refuse.
expect_status 0 pool stop nfs
expect_status 0 pool start nfs
exec 7<"$T/vms/image"
expect_status 2 cowctl vol delete --session --pool nfs image
expect_err "in use by 'bash'"
exec 7<&-
expect_status 0 cowctl vol resize --session --pool nfs image 3M
expect_status 0 cowctl vol download --session --pool nfs image "$T/copy"
expect_status 0 pool stop nfs
expect_status 0 pool start nfs
expect_status 0 cowctl vol delete --session --pool nfs image
expect_status 0 pool stop nfs
! mountpoint -q "$T/vms" || fail "still mounted"
! grep "TARGET=$T/vms " /run/mount/utab || fail "libmount keeps options of what is not mounted"
