# SPDX-License-Identifier: LGPL-2.1-or-later
# An audit only reads: no system call that changes anything is made, and nothing has changed.
. "$(dirname "$0")/../lib.sh"
need_root
require strace btrfs qemu-img

state_of() {
	find "$1" -printf '%p %i %m %s %A@ %T@ %C@\n' | sort
}

make_fs btrfs fs
cd "$T/fs"
mkdir good bad
chattr +C good
make_image good/raw 1M
make_image bad/raw 1M
qemu-img create -q -f qcow2 -b ../good/raw -F raw bad/qcow2
btrfs -q subvolume create volume
make_image volume/raw 1M
touch volume/.cowctl-left
sync .
state_of . >"$T/out" # looking itself leaves access times, once
before=$(state_of .)

ASAN_OPTIONS=detect_leaks=0 expect_status 1 strace -f -y -o "$T/trace" "$COWCTL" audit --cow off "$T/fs"
expect_equal "$(state_of .)" "$before" 'the tree after the audit'

# Written is only to the standard output and error, and from one thread to another; nothing is opened to be
# written to.
! grep -E 'FS_IOC_SETFLAGS|FS_IOC_FSSETXATTR|SETLEASE|O_TMPFILE' "$T/trace" ||
	fail 'it tried something'
! grep -E '^[0-9]+ +(pwrite|ftruncate|fallocate|rename|unlink|link|mkdir|mknod|fsetxattr|setxattr|fchmod|fchown|utimens|fsync|fdatasync|syncfs|copy_file_range|futimes)' "$T/trace" ||
	fail 'it changed something'
! grep -E '^[0-9]+ +p?writev?2?\(' "$T/trace" | grep -vE 'write\(([12]<|[0-9]+<pipe:)' || fail 'it wrote'
! grep -E 'open(at)?\(.*O_(WRONLY|RDWR|CREAT|TRUNC)' "$T/trace" || fail 'it opened to write'
! grep -F 'FIEMAP_FLAG_SYNC' "$T/trace" || fail 'it wrote dirty data out'
grep -q 'FS_IOC_GETFLAGS' "$T/trace" || fail 'the trace shows nothing'
