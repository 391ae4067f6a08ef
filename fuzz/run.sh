#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# fuzz/run.sh SECONDS [TARGET...]: fuzz each target (or those named) for so long, one on each processor,
# in a build of its own that is thrown away. An input that crashes is kept as
# past-crashes/TARGET/crash-...: give it a name that says what it is, and commit it with the fix.
set -euo pipefail

seconds=${1:?usage: fuzz/run.sh SECONDS [TARGET...]}
shift
fuzz=$(cd "$(dirname "$0")" && pwd)
build=$(mktemp -d "${TMPDIR:-/tmp}/cowctl-fuzz.XXXXXX")
trap 'rm -rf -- "$build"' EXIT
trap 'exit 130' INT TERM

# run TARGET
run() {
	mkdir -p "$build/found/$1" "$fuzz/past-crashes/$1"
	UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 "$build/build/fuzz/fuzz-$1" \
		-max_total_time="$seconds" -timeout=10 -rss_limit_mb=512 -print_final_stats=1 \
		-artifact_prefix="$fuzz/past-crashes/$1/" \
		"$build/found/$1" "$fuzz/corpus/$1" "$fuzz/past-crashes/$1" \
		>"$build/log.$1" 2>&1 || { tail -n 60 "$build/log.$1" >&2; return 1; }
	printf '%s: %s runs, no crash\n' "$1" \
		"$(sed -n 's/^stat::number_of_executed_units: *//p' "$build/log.$1")"
}
export -f run
export seconds fuzz build

targets=("$@")
[ $# -gt 0 ] ||
	read -ra targets < <(sed -n "s/^fuzz_targets = \[\(.*\)\]/\1/p" "$fuzz/meson.build" | tr -d "',")
# b_lundef: the library refers to the sanitizers, which only programs are linked with.
{
	CC=clang meson setup -Dfuzz=true -Dbuildtype=debugoptimized -Db_lundef=false \
		-Db_sanitize=address,undefined "$build/build" "$fuzz/.." &&
		ninja -C "$build/build" "${targets[@]/#/fuzz/fuzz-}"
} >"$build/log" 2>&1 || { cat "$build/log" >&2; exit 1; }
printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I@ "$BASH" -euc 'run @'
