#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Whoever has the image open, and however, it is refused and says by whom where that can be seen.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
make_fs btrfs b
image=$T/b/v.raw
make_image "$image" 1M

exec 3<"$image"
expect_refused "in use by 'bash' (process $$)" "$image"
exec 3<&-
exec 3>>"$image"
expect_refused "in use by 'bash' (process $$)" "$image"
exec 3<&-

# A mapping without a descriptor, and a descriptor that is on its way through a socket, are seen too,
# though in no list of processes.
for use in map flight; do
	coproc HOLD { exec "$COW_BUILD/tests/hold" "$use" "$image"; }
	pid=$HOLD_PID
	read -r word <&"${HOLD[0]}"
	expect_equal "$word" ready
	expect_refused "in use" "$image"
	eval "exec ${HOLD[1]}>&-"
	wait "$pid"
done

# In another mount namespace, under another name.
mkdir "$T/other"
# shellcheck disable=SC2016 # for the shell over there
there='mount --bind "$1" "$2"; exec 3<"$2/v.raw"; echo ready; read -r _ || true'
coproc THERE { exec unshare --mount bash -ec "$there" - "$T/b" "$T/other"; }
pid=$THERE_PID
read -r word <&"${THERE[0]}"
expect_equal "$word" ready
expect_refused "in use" "$image"
eval "exec ${THERE[1]}>&-"
wait "$pid"

expect_converted off "$image"
