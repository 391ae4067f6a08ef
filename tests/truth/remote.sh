#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Filesystems of a server, by NFS and SMB. The server is this machine too, so that its disks can be looked at;
# a client can't, and has to say so. And one of the guest's host.
. "$(dirname "$0")/lib.sh"
need_lab btrfs xfs ext4 nfsd nfsv3 nfsv4 ksmbd cifs virtiofs
require rpcbind rpc.mountd rpc.nfsd exportfs ksmbd.mountd
end() {
	umount "$T"/at/* || :
	rpc.nfsd 0
	ksmbd.control --shutdown
	nsenter --target 1 --mount umount "$T/btrfs"
	exportfs -au
	exportfs -f
}
at_end 'end >/dev/null 2>&1'

for type in btrfs xfs ext4; do
	make_fs $type $type
done
mkdir "$T/btrfs/nocow"
chattr +C "$T/btrfs/nocow"

rpcbind
exportfs -o rw,fsid=0,crossmnt,no_root_squash,no_subtree_check,insecure "*:$T"
rpc.mountd --port 20048
rpc.nfsd 1
# There was no server before whose clients could want their locks back.
echo Y >/proc/fs/nfsd/v4_end_grace

# A kernel thread serves, which is in the mount namespace of the first process.
nsenter --target 1 --mount mount "$(loop_of "$T/btrfs.img")" "$T/btrfs"
printf '[global]\nmap to guest = bad user\n[share]\npath = %s\n' "$T/btrfs" >"$T/ksmbd.conf"
printf '%s = yes\n' 'guest ok' writeable >>"$T/ksmbd.conf"
printf 'force %s = root\n' user group >>"$T/ksmbd.conf"
touch "$T/ksmbd.users"
nsenter --target 1 --mount ksmbd.mountd --config="$T/ksmbd.conf" --users="$T/ksmbd.users"
until grep -q running /sys/class/ksmbd-control/stats; do :; done

# at NAME TYPE OPTIONS SOURCE: without the helpers of mount, whose work these options do
at() {
	mkdir -p "$T/at/$1"
	mount -i -t "$2" -o "$3" "$4" "$T/at/$1"
}
for type in btrfs xfs ext4; do
	at $type nfs4 vers=4.2,addr=127.0.0.1,clientaddr=127.0.0.1 "127.0.0.1:/$type"
	truth "NFS 4.2 of $type" "$T/at/$type" "$T/$type.img"
done
truth "NFS 4.2 of btrfs, NOCOW directory" "$T/at/btrfs/nocow" "$T/btrfs.img"
truth_named "NFS 4.2 of btrfs" "$T/at/btrfs" "$T/btrfs.img"
expect_equal "$(json "$T/probe" '.paths[0].remedy')" \
	"ask the server: cowctl probe there, of what is '127.0.0.1:/btrfs' here"
at nfs3 nfs vers=3,addr=127.0.0.1,mountport=20048,nolock "127.0.0.1:$T/btrfs"
truth "NFS 3 of btrfs" "$T/at/nfs3" "$T/btrfs.img"
at smb cifs ip=127.0.0.1,sec=none //127.0.0.1/share
truth "SMB of btrfs" "$T/at/smb" "$T/btrfs.img"
truth_named "SMB of btrfs" "$T/at/smb" "$T/btrfs.img" # which answers FIEMAP, but not with addresses
truth "virtiofs" "$COW_TRUTH" # the host shows it to the guest
truth_end
