#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Whatever is hidden or forbidden on the way down, the answer is the same, or unknown with a reason, on
# no better evidence: never another one.
. "$(dirname "$0")/../lib.sh"
need_root
export T

# A Btrfs in a file on ext4 in a file, with a NOCOW directory and a plain one.
make_fs ext4 below
mkdir "$T/below/closed"
truncate -s 400M "$T/below/closed/image"
_mkfs btrfs "$T/below/closed/image" >"$T/log" 2>&1
_mount_images "$T/b" "" "$T/below/closed/image"
mkdir -m 0777 "$T/b"/{plain,nocow,only-read}
chattr +C "$T/b/nocow"
for directory in plain nocow; do
	make_image "$T/b/$directory/image" 1M
done
chmod 0755 "$T/b/only-read"
asked=("$T/b/plain" "$T/b/nocow" "$T/b/only-read" "$T/b/plain/image" "$T/b/nocow/image")

# probe_behind OBSTACLE [PATH...]: an unprivileged user asks, behind what root put in the way
probe_behind() {
	local obstacle=$1 status=0
	shift
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 LD_LIBRARY_PATH=$T/.build/lib unshare --mount --propagation private -- \
		"$BASH" -c "set -e; $obstacle
			exec setpriv --reuid=65534 --regid=65534 --clear-groups -- \"\$@\"" - \
		"$T/.build/${COWCTL#"$COW_BUILD"/}" probe --json "$@" >"$T/out" 2>"$T/err" </dev/null || status=$?
	[ $status -eq 0 ] || [ $status -eq 2 ] || fail "$obstacle: status $status: $(cat "$T/err")"
}

# Of each path and of each layer: what was said is said again, or nothing; and known no better.
no_better_than() {
	jq -en --slurpfile was "$1" --slurpfile is "$T/out" '
		def rank: {measured: 3, reported: 2, inferred: 1, none: 0}[.];
		def agrees($was): .overwrite == "unknown" and (.reason // .error | length > 0)
			or .overwrite == $was.overwrite and (.evidence | rank) <= ($was.evidence | rank);
		[$was[0].paths, $is[0].paths] | transpose | all(
			. as [$was, $is] | ($is | agrees($was)) and
			([$was.layers, $is.layers] | transpose | all(
				. as [$w, $i] | $i == null or ($i | agrees($w))))
		)' >/dev/null || { jq . "$T/out" >&2; fail "another answer behind: $2"; }
}

# behind OBSTACLE FILTER: the answers differ from those of before as they may, and so much is certain
behind() {
	probe_behind "$1" "${asked[@]}"
	no_better_than "$T/all" "$1"
	expect_json "$2"
}

expect_status 0 cowctl probe --json "${asked[@]}"
cp "$T/out" "$T/all"
as_nobody true # shows the build where others may look
behind : '[.paths[].overwrite] == ["copied", "in-place", "copied", "copied", "in-place"]'
behind : '[.paths[].evidence] == ["measured", "measured", "reported", "reported", "inferred"]'

# A closed directory on the way to the file of a loop device: what is under it can't be looked at.
behind 'chmod 0700 "$T/below/closed"' '[.paths[].overwrite] == ["copied", "unknown", "copied", "copied", "unknown"]'
expect_json '.paths[1].reason | contains("backing file can'\''t be reached")'
behind 'chmod 0755 "$T/below/closed"' '.paths[1].overwrite == "in-place"'

# One on the way to what is asked about, who is there already may still ask.
behind 'chmod 0700 "$T/b"' '.paths | all(.overwrite == "unknown" and .error.code == "permission")'
probe_behind 'chmod 0700 "$T/b"; cd "$T/b/nocow"' . image
expect_json '[.paths[].overwrite] == ["in-place", "in-place"] and .paths[0].evidence == "measured"'
chmod 0777 "$T/b"

# Processes of others hidden; nobody told which mounts there are; own descriptors without names.
behind 'mount -t proc -o hidepid=2 proc /proc' '[.paths[].overwrite] == ["copied", "in-place", "copied", "copied", "in-place"]'
no_mounts='mount --bind /dev/null "/proc/$$/mountinfo"'
behind "$no_mounts" '[.paths[].overwrite] == ["copied", "in-place", "copied", "copied", "in-place"]'
expect_json '.paths | all(.layers[0] | .name == "?" and .detail.mount_options == null)'
no_names='mount -t tmpfs none "/proc/$$/fd"'
behind "$no_names" '[.paths[].overwrite] == ["copied", "in-place", "unknown", "unknown", "unknown"]'

# Without /sys no device is known; and none without the links that lead from numbers to devices.
behind 'mount -t tmpfs none /sys' '[.paths[].overwrite] == ["copied", "unknown", "copied", "copied", "unknown"]'
behind 'mount -t tmpfs -o mode=0700 none /sys/dev' '[.paths[].overwrite] == ["copied", "unknown", "copied", "copied", "unknown"]'
behind 'mount -t tmpfs none /dev' '[.paths[].overwrite] == ["copied", "in-place", "copied", "copied", "in-place"]'
behind "$no_mounts; $no_names; mount -t tmpfs none /sys; mount -t tmpfs none /dev" \
	'[.paths[].overwrite] == ["copied", "unknown", "unknown", "unknown", "unknown"]'
