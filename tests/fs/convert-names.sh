#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Names are any bytes and any length.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
make_fs btrfs b
cd "$T/b"
long=$(head -c 255 /dev/zero | tr '\0' n)
names=("with space" $'new\nline' $'bad\xff\xfeutf8' "-x" "--json" "$long" '%s%n' '*')
for name in "${names[@]}"; do
	make_image "./$name" 128K
	expect_converted off "$name"
	expect_converted on "$name"
done
expect_equal "$(find . -type f -print0 | tr -dc "\\0" | wc -c)" 8 "number of files"

# Names that are the same for longer than what a temporary name has room for.
mkdir same
for end in a b c; do
	make_image "same/${long:0:250}$end" 128K
done
for end in b a c; do
	expect_converted off "same/${long:0:250}$end"
done
expect_equal "$(find same -type f | wc -l)" 3 "number of files"

# Below other directories, from elsewhere, with slashes in excess.
mkdir -p "d/$long"
make_image "d/$long/v.raw" 128K
expect_converted off "$T/b//d/./$long//v.raw"
