#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What lies on a filesystem that answers nobody any more is a volume with a problem, be it by way of a symlink or
# mounted in the pool, and keeps no other one waiting. A backing file there keeps no audit waiting.
. "$(dirname "$0")/../lib.sh"
need_root
. "$(dirname "$0")/../lib-volume.sh"
require jq bindfs pgrep qemu-img
export ASAN_OPTIONS=detect_leaks=0 # which would wait for the threads that wait
within() {
	timeout --signal=KILL 60 "$COWCTL" "$@" --session
}

mkdir "$T/below" "$T/hung"
bindfs -o attr_timeout=0,entry_timeout=0 "$T/below" "$T/hung"
server=$(pgrep --full "bindfs .*$T/hung")
mkdir "$T/hung/directory"
truncate -s 1M "$T/hung/image"
make_pool vms "$T/vms"
make_pool many "$T/many"
cd "$T/vms"
ln -s "$T/hung/image" link
mkdir mounted
mount --bind "$T/hung/directory" mounted
qemu-img create -q -f qcow2 -b "$T/hung/image" -F raw overlay.qcow2
truncate -s 1M raw
cd "$T"
expect_status 2 within vol list vms --json # nothing is known of it, but that it is there
expect_json '[.volumes[].problem] == [null, null, null, null]'
kill -STOP "$server"

expect_status 2 within vol list vms --json
expect_json '[.volumes[] | select(.problem == "it does not answer" and .compliance == "unknown").name] ==
	["link", "mounted"]'
expect_json '[.volumes[] | select(.problem == null).name] == ["overlay.qcow2", "raw"]'
expect_err "volume '$T/vms/link': it does not answer"
expect_status 2 within pool refresh vms --json
expect_json '.pools[0].summary | .volumes == 4 and .problems == 2'

expect_status 1 within audit "$T/vms/overlay.qcow2" --json
expect_json '.images[0].findings[] | select(.rule == "backing-missing").message ==
	"backing file \u0027" + $image + "\u0027: it does not answer"' --arg image "$T/hung/image"

# It is asked once: each question takes its time, and leaves a thread and its descriptor behind.
for ((i = 0; i < 200; i++)); do
	ln -s "$T/hung/image$i" "$T/many/link$i"
done
for ((i = 0; i < 60; i++)); do
	cp "$T/vms/overlay.qcow2" "$T/many/overlay$i"
done
status=0
(ulimit -n 100 && within vol list many --json >"$T/out" 2>"$T/err") || status=$?
expect_equal "$status" 2
expect_json '[.volumes[] | select(.name | startswith("link")).problem] | length == 200 and all(. == "it does not answer")'
status=0
within audit "$T/many" --json >"$T/out" 2>"$T/err" || status=$?
expect_equal "$status" 1
expect_json '[.images[].findings[] | select(.rule == "backing-missing")] | length == 60 and
	all(.message | endswith("it does not answer"))'

kill -CONT "$server"
expect_status 2 within vol list vms --json
expect_json '[.volumes[].problem] == [null, null, null, null]'

# What answers after all, as a disk does that had to start turning, is asked again in the same list.
mkdir "$T/slow" "$T/some"
bindfs -o attr_timeout=0,entry_timeout=0 "$T/below" "$T/slow"
slow=$(pgrep --full "bindfs .*$T/slow")
make_pool some "$T/some"
ln -s "$T/slow/image" "$T/some/a"
ln -s "$T/hung/image" "$T/some/b"
ln -s "$T/slow/image" "$T/some/c"
kill -STOP "$server" "$slow"
"$COWCTL" vol list some --json --session >"$T/out" 2>"$T/err" &
listing=$!
until [ "$(cat /proc/$listing/task/*/wchan 2>/dev/null | grep --text -o request_wait_answer | wc -l)" -eq 2 ]; do
	kill -0 $listing 2>/dev/null || fail "it does not wait for both"
	read -rt 0.05 <> <(:) || true
done
kill -CONT "$slow"
status=0
wait $listing || status=$?
kill -CONT "$server"
expect_equal "$status" 2
expect_json '[.volumes[].problem] == ["it does not answer", "it does not answer", null]'
