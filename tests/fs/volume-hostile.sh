#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Nothing in a pool keeps the rest of it from being listed: names of any bytes, files that can't be
# read, damaged headers, symlinks to nowhere, devices. What is wrong is said beside the name.
. "$(dirname "$0")/../lib.sh"
need_root
. "$(dirname "$0")/../lib-volume.sh"
require xmllint
make_fs ext4 e
make_pool vms "$T/e/vms"
cd "$T/e/vms"
make_image good 1M

# any bytes but '/' and NUL
for name in $'new\nline' $'\xff\xfe' '-rf' ' ' '...' '<&>"' .hidden "$(printf '%0255d' 0)"; do
	: >"./$name"
	expect_status 0 vol info --pool vms --json -- "$name"
	expect_json '.volumes[0].problem == null'
done
expect_status 0 vol list vms --json
expect_equal "$(json "$T/out" '.volumes | length')" 9
expect_equal "$(json "$T/out" '.volumes[] | select(.name_bytes) | .name_bytes' | base64 -d)" $'\xff\xfe'
expect_status 0 vol list vms
expect_equal "$(wc -l <"$T/out")" 10 "lines, with the heading"
expect_status 0 vol dumpxml --pool vms '<&>"'
expect_equal "$(xmllint --xpath 'string(/volume/name)' "$T/out")" '<&>"'
expect_status 2 vol dumpxml --pool vms $'\xff\xfe'
expect_err "can't be written as XML"

# a problem is an entry, with its reason
printf 'QFI\xfb\0\0\0\3' >damaged
ln -s nowhere dangling
ln -s loop loop
ln -s /dev/null device
mkfifo fifo
expect_status 2 vol list vms --json
expect_equal "$(volume good .problem)" null
expect_equal "$(volume damaged .problem)" "its header is damaged"
expect_equal "$(volume dangling .problem)" "open it: No such file or directory"
expect_equal "$(volume loop .problem)" "open it: Too many levels of symbolic links"
expect_equal "$(volume dangling '"\(.type) \(.capacity) \(.compliance)"')" "unknown null unknown"
expect_equal "$(volume device .problem)" "it leads to no file"
expect_json 'all(.volumes[]; .name != "fifo")'
expect_err "volume '$T/e/vms/damaged': its header is damaged"
expect_status 2 vol dumpxml --pool vms damaged
expect_err "volume '$T/e/vms/damaged': its header is damaged"
rm damaged dangling loop device

# a symlink is looked through, wherever it leads
make_image "$T/e/outside" 2M
ln -s ../outside link
expect_status 0 vol info --pool vms link --json
expect_json '.volumes[0] | .capacity == 2097152 and .path == $path' --arg path "$T/e/vms/link"

# who may not read a file still gets the list
chmod -R a+rX "$XDG_CONFIG_HOME" "$XDG_RUNTIME_DIR"
chmod 0755 .
chmod 0600 good
chmod 0644 link
expect_status 2 as_nobody cowctl vol list vms --session --json
expect_equal "$(volume good '"\(.problem) \(.allocation)"')" "open it: Permission denied 1048576"
expect_equal "$(volume link .capacity)" 2097152

# without the pool being started nothing is
expect_status 0 cowctl pool stop vms --session
expect_status 2 vol list vms
expect_err "pool 'vms' is not started" "cowctl pool start"
expect_status 2 vol info "$T/e/vms/good"
