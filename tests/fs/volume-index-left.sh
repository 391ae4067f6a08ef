#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What was left of an index by one that was killed is taken away by the next one that writes any, and never what
# somebody is about to give its name.
. "$(dirname "$0")/../lib.sh"
need_root
. "$(dirname "$0")/../lib-volume.sh"
. "$(dirname "$0")/../trace.sh"
require strace
make_fs ext4 e
XDG_CACHE_HOME=$T/e/cache
cache=$XDG_CACHE_HOME/cowctl/pools
for name in one two; do
	make_pool $name "$T/e/$name"
	make_image "$T/e/$name/image" 1M
done
settle "$T/e/one"
settle "$T/e/two"
one=$(cowctl pool uuid one --session).index two=$(cowctl pool uuid two --session).index
there() {
	find "$cache" -type f -printf '%f\n' | LC_ALL=C sort | xargs
}

# killed between the two names of a new index
! trace_inject renameat:signal=KILL:when=1 cowctl vol list one --session || fail "it was not killed"
[[ $(there) == .cowctl-* ]] || fail "nothing is left: $(there)"
# what looks like it and is none of ours stays
touch "$cache/.cowctl-other"
mkfifo "$cache/.cowctl-0123456789abcdef"
expect_status 0 vol list two
expect_equal "$(there)" ".cowctl-other $two" "what is left"
[ -p "$cache/.cowctl-0123456789abcdef" ] || fail "somebody's FIFO is gone"

# one that is between them, while another one writes
rm "$cache/$two"
: >"$T/calls"
traced -o "$T/calls" --trace=renameat --inject=renameat:delay_enter=5s:when=1 \
	"$COWCTL" vol list one --session >"$T/slow" 2>&1 &
until [ -s "$T/calls" ]; do :; done
expect_status 0 vol list two
[[ $(there) == .cowctl-[0-9a-f]*\ .cowctl-other\ $two ]] || fail "it is gone: $(there)"
wait $!
expect_equal "$(there)" "$(printf '%s\n' .cowctl-other "$one" "$two" | LC_ALL=C sort | xargs)"
