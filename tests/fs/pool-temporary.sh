#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Where there are no unnamed files, an image being made has a hidden name. When whoever made it was killed,
# refreshing the pool removes it; while it is being made, nobody does.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../trace.sh"
need_root
require strace bindfs qemu-img
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime
mkdir "$T/below" "$T/p"
bindfs "$T/below" "$T/p"
expect_status 0 cowctl pool define-as p --session --target "$T/p"
expect_status 0 cowctl pool start p --session

there() {
	(cd "$T/p" && ls -A)
}
for format in raw qcow2; do
	trace_inject fchmod:signal=KILL:when=2 cowctl vol create-as p image 1M --session --format $format &&
		fail "not killed"
	[[ $(there) == .cowctl-* ]] || fail "nothing is left: $(there)"
	# what looks alike and is another's, or no file
	touch "$T/p/.cowctl-1-2-3-k-0123456789abcdef" "$T/p/.cowctl-0123456789abcdeg"
	mkfifo "$T/p/.cowctl-0123456789abcdef"
	expect_status 0 cowctl pool refresh p --session
	expect_equal "$(there)" $'.cowctl-0123456789abcdef\n.cowctl-0123456789abcdeg\n.cowctl-1-2-3-k-0123456789abcdef'
	rm "$T/p"/.cowctl-*

	traced -o "$T/calls" --trace=fchmod --inject=fchmod:delay_enter=4s:when=2 \
		"$COWCTL" vol create-as p image 1M --session --format $format >"$T/slow" 2>&1 &
	until [[ $(there) == .cowctl-* && $(wc -l <"$T/calls") -ge 1 ]]; do :; done
	expect_status 0 cowctl pool refresh p --session
	[[ $(there) == .cowctl-* ]] || fail "taken away while it was made: $(there)"
	wait $! || fail "not made: $(cat "$T/slow")"
	expect_equal "$(there)" image
	rm "$T/p/image"
done
