#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# K3: NOCOW comes from the directory when a file, directory or unnamed file is made in it, and at no
# other time: a subvolume, a moved and a copied file stay as they were.
. "$(dirname "$0")/../lib.sh"
need_root
require xfs_io
make_fs btrfs b
mkdir "$T/b/pool"
touch "$T/b/old"
chattr +C "$T/b/pool"
cd "$T/b/pool"
touch file
mkdir directory
xfs_io -T -c 'pwrite -q 0 4k' -c 'flink unnamed' .
for name in file directory unnamed; do
	is_nocow "$name" || fail "$name did not inherit"
done
btrfs -q subvolume create subvolume
cp --archive ../old copied
mv ../old moved
for name in subvolume moved; do
	! is_nocow "$name" || fail "$name inherited"
done
# Out of the pool the flag stays with the file, but not with its copy.
mv file ..
is_nocow ../file
cp --archive ../file ../copy
! is_nocow ../copy || fail "cp kept the flag"
