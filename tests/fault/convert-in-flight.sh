#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# An image large enough to have several pieces in flight, and one part compared while the next one is
# copied, in the midst of which something happens to one of them: it is said, the image stays whole and
# alone, and the next run converts it.
. "$(dirname "$0")/lib.sh"

make_fs btrfs fs
mkdir "$T/fs/dir"
cd "$T/fs/dir"
make_image image 24M
dd if=image of=image bs=1M count=24 seek=128 conv=notrunc status=none # parts are of 128 MiB
chown 12:34 image
touch -d '2021-02-03 04:05:06.789' image
read -r inode _ wanted <<<"$(state image)"

# bend SET N FAULT OPTION...: sets status, and bent to the call's name or to how many there are
bend() {
	local set=$1 n=$2 fault=$3
	shift 3
	status=0
	# In a shell of its own, which keeps this one from reporting kills. Leak detection needs ptrace for
	# itself.
	(ASAN_OPTIONS=detect_leaks=0 "$COW_BUILD/tests/bend" "$T/bent" "$set" "$n" "$fault" "$COWCTL" convert "$@" image \
		>"$T/out" 2>"$T/err" </dev/null) || status=$?
	bent=$(cat "$T/bent")
}

# is_untouched WHEN
is_untouched() {
	expect_equal "$(state image)" "$inode cow $wanted" "the image $1"
	expect_equal "$(ls -A)" image "what is there $1"
}

# disturb SET STATUS FAULT OPTION...: at a few calls between the beginning and the end of the copy
disturb() {
	local set=$1 wanted_status=$2 fault=$3 n
	shift 3
	for n in 2 9 28 40; do
		bend "$set" "$n" "$fault" "$@"
		expect_equal "$status" "$wanted_status" "status after $fault at $bent $n: $(cat "$T/err")"
		is_untouched "after $fault at $bent $n"
		count=$((count + 1))
	done
}
count=0

for fault in EIO ENOSPC; do
	disturb pwrite64 2 $fault
	grep -q '^cowctl: .*image' "$T/err" || fail "$fault unsaid"
	expect_equal "$(wc -l <"$T/err")" 1 "lines of error"
done
disturb pwrite64 137 kill
disturb pwrite64 2 interrupt
disturb pread64 2 EIO

# A write that never was, though it said so: found when the copy is read back.
disturb pwrite64 2 lose
expect_text "$T/err" "differs"

# Less at once than was asked for is gone on with.
for n in 2 9 28 40; do
	bend pwrite64 "$n" short
	expect_equal "$status" 0 "status after a short $bent: $(cat "$T/err")"
	read -r _ flag kept <<<"$(state image)"
	expect_equal "$flag $kept" "nocow $wanted" "the image after a short $bent"
	expect_status 0 cowctl convert --cow on image
done
expect_equal "$(ls -A)" image
echo "$count times"
