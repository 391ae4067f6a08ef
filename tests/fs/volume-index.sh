#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What was found in the files of a pool is remembered: a list opens those that have changed since, and
# says the same as one that opens them all. What the policy wants is not remembered.
. "$(dirname "$0")/../lib.sh"
need_root
. "$(dirname "$0")/../lib-volume.sh"
require qemu-img strace
make_fs ext4 e
make_pool vms "$T/e/vms"
cd "$T/e/vms"
make_image raw 1M
qemu-img create -q -f qcow2 base.qcow2 1G
qemu-img create -q -f qcow2 -b base.qcow2 -F qcow2 overlay.qcow2
for name in $'new\nline' $'\xff\xfe' ' ' "$(printf '%0255d' 0)"; do
	truncate -s 1M "./$name"
done
mkdir sub
ln -s raw link
mkfifo fifo
printf 'QFI\xfb\0\0\0\3' >damaged
index=$XDG_CACHE_HOME/cowctl/pools/$(cowctl pool uuid vms --session).index

# opened OPTION...: the names a list opens in the pool, "sub" and the symlink aside, which it always does, as it does
# the directories on the way there
opened() {
	ASAN_OPTIONS=detect_leaks=0 strace -qq -f -e trace=openat -e signal=none -o "$T/trace" \
		"$COWCTL" vol list vms --session --json "$@" >"$T/listed" 2>/dev/null || [ $? -eq 2 ]
	grep -vE 'O_(PATH|DIRECTORY).*O_(PATH|DIRECTORY)' "$T/trace" |
		grep -oE 'openat\([0-9]+, "(\\.|[^"])*", [^)]*O_NOFOLLOW' |
		grep -oE '"(\\.|[^"])*"' | tr -d '"' | grep -vxE 'sub' | sort | xargs -rd '\n' || true
}
# the same list as without an index
expect_same() {
	jq -S .volumes "$T/listed" >"$T/remembered"
	vol list vms --no-index --json 2>/dev/null | jq -S .volumes >"$T/fresh" || true
	diff "$T/fresh" "$T/remembered" || fail "another list than without the index"
}

# what was just changed may be changed again without its times telling: it is not remembered yet
expect_status 2 vol list vms
settle .
[ -n "$(opened)" ] || fail "a file that was just changed was remembered"

# then nothing is opened but what has a problem
expect_equal "$(opened)" damaged
expect_same
expect_equal "$(stat -c %a "$index")" 600
written=$(stat -c %i "$index")
opened >"$T/none"
expect_equal "$(stat -c %i "$index")" "$written" "index, with nothing new to remember"
[ -n "$(opened --no-index)" ] || fail "--no-index opens nothing"

# changed, new, replaced, renamed, gone: these alone are opened
truncate -s 2M raw
touch new
cp base.qcow2 copy && mv copy base.qcow2
mv ' ' renamed
rm $'new\nline'
expect_equal "$(opened)" "base.qcow2 damaged new raw renamed"
expect_same
settle .
opened >"$T/none"
expect_equal "$(opened)" damaged
expect_same

# the times of a file that was written to can be set back, but not all of them
touch -r base.qcow2 "$T/times"
printf 'nothing' | dd of=base.qcow2 conv=notrunc status=none
touch -r "$T/times" base.qcow2
expect_equal "$(opened)" "base.qcow2 damaged"
expect_same
settle .
opened >"$T/none"

# the last one is gone, and nothing else is new
written=$(stat -c %i "$index")
rm $'\xff\xfe'
expect_equal "$(opened)" damaged
[ "$(stat -c %i "$index")" != "$written" ] || fail "what is gone is still remembered"
written=$(stat -c %i "$index")
expect_equal "$(opened)" damaged
expect_equal "$(stat -c %i "$index")" "$written" "index, with nothing new to forget"
expect_same

# whatever becomes of the index, the list is the same, and the next one is fast again
for harm in 'rm "$index"' ': >"$index"' 'truncate -s -1 "$index"' 'truncate -s 1T "$index"' \
	'printf x | dd of="$index" bs=1 seek=200 conv=notrunc status=none' 'head -c 9999 /dev/urandom >"$index"' \
	'chown 65534 "$index"' 'rm "$index" && mkfifo "$index"' 'rm "$index" && ln -s /dev/zero "$index"' \
	'rm -r "$XDG_CACHE_HOME"'; do
	eval "$harm"
	[ -n "$(opened)" ] || fail "the index was taken after: $harm"
	expect_same
	expect_equal "$(opened)" damaged "opened after: $harm"
done
rm "$index" && mkdir "$index" # can't be replaced
expect_status 2 vol list vms
expect_equal "$(find "$XDG_CACHE_HOME/cowctl/pools" -type f)" "" "what a failed one leaves"
rmdir "$index"
: >"$T/blocked"
XDG_CACHE_HOME=$T/blocked expect_status 2 vol list vms
expect_err damaged
expect_equal "$(wc -l <"$T/err")" 1 "lines on standard error"

# nor does a cache that is full, or can't be written, make any difference
for options in nr_inodes=3 size=4k,nr_inodes=9 ro; do
	mkdir -p "$T/full"
	mount -t tmpfs -o "${options/ro/rw},mode=0700" tmpfs "$T/full"
	mkdir -p "$T/full/cowctl/pools"
	dd if=/dev/zero of="$T/full/filler" bs=4k count=1 status=none 2>"$T/quiet" || true
	[ $options != ro ] || mount -o remount,ro "$T/full"
	XDG_CACHE_HOME=$T/full expect_status 2 vol list vms
	expect_equal "$(wc -l <"$T/err")" 1 "lines on standard error with $options"
	expect_equal "$(find "$T/full/cowctl/pools" -type f)" "" "what is left in a cache with $options"
	umount "$T/full"
done

# another directory has another index, though the files in it be the same
opened >"$T/none"
mkdir "$T/e/moved"
mv "$T/e/vms"/* "$T/e/moved"
mount --bind "$T/e/moved" "$T/e/vms"
cd "$T/e/vms"
[ "$(opened)" != damaged ] || fail "the index of another directory was taken"

# a pool that is forgotten leaves none behind
settle .
cd "$T"
opened >"$T/none"
[ -e "$index" ] || fail "no index"
expect_status 0 cowctl pool stop vms --session
[ -e "$index" ] || fail "stopped, it can be started again"
expect_status 0 cowctl pool undefine vms --session
expect_status 0 cowctl pool create-as vms --session --target "$T/e/moved"
index=$XDG_CACHE_HOME/cowctl/pools/$(cowctl pool uuid vms --session).index
opened >"$T/none"
[ -e "$index" ] || fail "no index of a transient pool"
expect_status 0 cowctl pool stop vms --session
expect_equal "$(find "$XDG_CACHE_HOME/cowctl/pools" -type f)" "" "what is left of the pools"
