#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# K20: what an overlay copies up is made in the work directory and takes NOCOW from there, whatever
# the upper directory has.
. "$(dirname "$0")/../lib.sh"
need_root
make_fs btrfs b

copied_up_with() { # DIRECTORY: the one that carries the flag
	mkdir -p "$T/$1" "$T/b/$1"/{lower,upper,work}
	touch "$T/b/$1/lower/file"
	chattr +C "$T/b/$1/$1"
	mount -t overlay -o "lowerdir=$T/b/$1/lower,upperdir=$T/b/$1/upper,workdir=$T/b/$1/work" \
		overlay "$T/$1"
	touch "$T/$1/file"
	is_nocow "$T/$1/file"
}

copied_up_with work || fail "a NOCOW work directory did not make it NOCOW"
! copied_up_with upper || fail "it was made in the upper directory"
