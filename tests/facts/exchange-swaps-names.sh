#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# K18: RENAME_EXCHANGE swaps two names in one step wherever images live, and the flags stay with the
# inodes.
. "$(dirname "$0")/../lib.sh"
need_root
for kind in btrfs xfs ext4 tmpfs overlay; do
	make_fs "$kind" "$kind"
	echo one >"$T/$kind/a"
	echo two >"$T/$kind/b"
	python3 - "$T/$kind/a" "$T/$kind/b" <<-'END'
		import ctypes, sys
		at, exchange = -100, 2
		a, b = (name.encode() for name in sys.argv[1:])
		sys.exit(ctypes.CDLL(None).renameat2(at, a, at, b, exchange) != 0)
	END
	expect_equal "$(cat "$T/$kind/a" "$T/$kind/b")" $'two\none' "content on $kind"
done
touch "$T/btrfs/flagged" "$T/btrfs/plain"
chattr +C "$T/btrfs/flagged"
python3 -c 'import ctypes, sys; ctypes.CDLL(None).renameat2(-100, sys.argv[1].encode(), -100, sys.argv[2].encode(), 2)' \
	"$T/btrfs/flagged" "$T/btrfs/plain"
is_nocow "$T/btrfs/plain"
! is_nocow "$T/btrfs/flagged" || fail "the flag stayed with the name"
