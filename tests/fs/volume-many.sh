#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A pool of 100,000 volumes is listed, whole and sorted, and refreshed; out of the index as well, and
# without having them all in memory.
. "$(dirname "$0")/../lib.sh"
need_root
. "$(dirname "$0")/../lib-volume.sh"
FS_SIZE=2G make_fs tmpfs t
make_pool vms "$T/t/vms"
(cd "$T/t/vms" && seq -f 'disk-%06g' 100000 | xargs truncate -s 1M)
expect_status 0 vol list vms --noheadings --output NAME,CAPACITY
seq -f "disk-%06g 1M" 100000 | diff -q - <(tr -s " " <"$T/out")

settle "$T/t/vms"
for option in --no-index '' ''; do
	expect_status 0 cowctl pool refresh vms --session ${option:+"$option"} --json
	expect_json '.pools[0].summary | .volumes == 100000 and .not_applicable == 100000 and .problems == 0'
done
expect_status 0 vol list vms --noheadings --output NAME,CAPACITY
seq -f "disk-%06g 1M" 100000 | diff -q - <(tr -s " " <"$T/out")

# a long document is written as it grows, and is one all the same
expect_status 0 vol list vms --json
expect_json '(.volumes | length) == 100000 and .volumes[99999].name == "disk-100000"'
expect_json 'keys_unsorted == ["cowctl", "volumes"]'
status=0
vol list vms --json >/dev/full 2>"$T/err" || status=$?
expect_equal "$status" 2 "status on a full disk"
expect_err "cowctl: write to standard output: No space left on device"

# peak COMMAND...: MiB of it resident
peak() {
	python3 -c 'import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)' "$@"
}
[ -n "${COW_PLAIN_BUILD:-}" ] || exit 0
without_sanitizers
require python3
for arguments in 'pool refresh vms --no-index' 'pool refresh vms' 'vol list vms --json'; do
	read -ra words <<<"$arguments"
	peak=$(peak "$COWCTL" "${words[@]}" --session)
	[ "$peak" -lt 32 ] || fail "$arguments takes $peak MiB"
done
