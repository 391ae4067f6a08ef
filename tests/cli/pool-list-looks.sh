#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A list of pools looks at their directories for those columns alone that need it: a name costs nothing, and hangs with
# no server.
. "$(dirname "$0")/../lib.sh"
require strace
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime
export ASAN_OPTIONS=detect_leaks=0 # which can't work while being traced
for name in a b; do
	mkdir "$T/directory-$name"
	expect_status 0 cowctl pool define-as $name --session --target "$T/directory-$name"
done
expect_status 0 cowctl pool start a --session

# looks OPTION...: the directories it opens or asks anything of
looks() {
	strace -f -o "$T/trace" --trace=%file "$COWCTL" pool list --session "$@" >"$T/out"
	grep -o "directory-[ab]" "$T/trace" | sort -u | xargs
}
for options in --name --uuid --name\ --{active,inactive,persistent,no-autostart} \
	'--output NAME,UUID,TYPE,AUTOSTART,PERSISTENT,PENDING,POLICY,SOURCE,PATH,MOUNT,FSTYPE'; do
	# shellcheck disable=SC2086 # words
	expect_equal "$(looks $options)" "" "looked at for $options"
done
expect_status 0 cowctl pool list --session --name --active
expect_equal "$(cat "$T/out")" a
expect_status 0 cowctl pool list --session --name --inactive
expect_equal "$(cat "$T/out")" b

# what needs it has it, of those that are listed
for column in STATE COMPLIANCE REASON CAPACITY ALLOCATION AVAILABLE; do
	expect_equal "$(looks --output $column)" "directory-a directory-b" "looked at for $column"
done
for options in '' --details --json; do
	# shellcheck disable=SC2086
	expect_equal "$(looks $options)" "directory-a directory-b" "looked at for $options"
done
expect_equal "$(looks --active)" directory-a
