#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# On XFS the kernel unshares, exactly what is shared; nobody's places move but the image's own.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-unshare.sh"
need_root
require xfs_io strace
make_fs xfs x
cd "$T/x"
make_image v.raw 8M
truncate -s 40000001 v.raw
printf end >>v.raw
touch -d '2021-02-03 04:05:06.789' v.raw
sync .
expect_status 0 cowctl unshare v.raw
expect_out already

cp --reflink=always v.raw clone.raw
places=$(places_of clone.raw)
expect_unshared v.raw
cmp v.raw clone.raw
expect_equal "$(places_of clone.raw)" "$places" 'places of the clone'
expect_status 0 cowctl unshare --json clone.raw
expect_json '.images[0].result == "already"'

# holes and preallocation are not filled
"$COW_BUILD/tests/image" sync v.raw >"$T/extents"
[ "$(sed -n 's/^bytes=//p' "$T/extents")" -lt 16000000 ] || fail 'holes are filled'
fallocate --offset 20M --length 1M v.raw
: >part.raw
xfs_io -c "reflink $PWD/v.raw 1048576 0 65536" part.raw >"$T/log"
sync .
expect_status 0 cowctl unshare --json --dry-run v.raw
expect_json '.images[0] | .bytes == 65536 and .bytes_shared == 65536'
expect_unshared v.raw

# Between two pieces somebody writes to it and makes it shorter: it stays so, and that is its time.
make_image w.raw 3M
fallocate --punch-hole --offset 1M --length 1M w.raw
sync w.raw
share() {
	cp --reflink=always w.raw shared.raw
	touch -d '2021-02-03 04:05:06.789' w.raw
}
traced() {
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -o "$T/trace" --trace=fcntl,fallocate "$@" >"$T/out" 2>"$T/err"
}
share
traced -- "$COWCTL" unshare --dry-run w.raw
expect_text "$T/trace" F_SETLEASE
! grep -q F_OFD_SETLK "$T/trace" || fail "a dry run keeps QEMU away"
traced -- "$COWCTL" unshare w.raw
expect_text "$T/trace" F_OFD_SETLK
expect_equal "$(stat -c %.9Y w.raw)" "$(date -d '2021-02-03 04:05:06.789' +%s.%N)" 'time'
# the first call of this kind finds out whether there is such a call
when=$(awk '/^fcntl/ { n++ } /^fallocate/ { pieces++ }
	pieces == 2 && /F_SETLEASE, F_UNLCK/ { print n; exit }' "$T/trace")
share
: >"$T/trace"
{ traced --inject="fcntl:signal=SIGSTOP:when=$when" -- "$COWCTL" unshare w.raw || true; } &
held=$!
until grep -q 'stopped by SIGSTOP' "$T/trace"; do
	[ -e "/proc/$held" ] || fail "not held: $(cat "$T/err")"
done
printf new | dd of=w.raw conv=notrunc status=none
truncate -s 2500000 w.raw
written=$(stat -c %y w.raw)
pkill -CONT -P "$(pgrep -P "$held")"
wait "$held"
expect_equal "$(tail -n1 "$T/trace")" '+++ exited with 0 +++' "$(cat "$T/err")"
expect_equal "$(stat -c %s w.raw)" 2500000 size
expect_equal "$(stat -c %y w.raw)" "$written" time
expect_equal "$(head -c 3 w.raw)" new

# What is far apart takes no longer than what is close together.
: >far.raw
truncate -s 4E far.raw
printf end >>far.raw
timeout 20 "$COWCTL" clone --reflink=never far.raw far-copy.raw >"$T/out"
expect_equal "$(stat -c %s far-copy.raw)" "$(stat -c %s far.raw)" size
expect_equal "$(tail -c 3 far-copy.raw)" end
cp --reflink=always far.raw far-clone.raw
timeout 20 "$COWCTL" unshare far.raw >"$T/out"
