#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# K4: NOCOW and a compression flag, c or m, exclude each other on Btrfs: EINVAL whichever comes first.
. "$(dirname "$0")/../lib.sh"
need_root
make_fs btrfs b
for flag in c m; do
	mkdir "$T/b/$flag"
	chattr "+$flag" "$T/b/$flag"
	expect_status 1 chattr +C "$T/b/$flag"
	expect_err "Invalid argument"
	touch "$T/b/$flag/inherits"
	expect_status 1 chattr +C "$T/b/$flag/inherits"
	chattr "-$flag" "$T/b/$flag"
	chattr +C "$T/b/$flag"
	expect_status 1 chattr "+$flag" "$T/b/$flag"
done

# A mount option is no conflict: the flag wins and the data is not compressed.
make_fs btrfs compressed compress-force=zstd
touch "$T/compressed/file"
chattr +C "$T/compressed/file"
head -c 1M /dev/zero >"$T/compressed/file"
expect_equal "$(filefrag -s -v "$T/compressed/file" | grep -c encoded || :)" 0 "encoded extents"
