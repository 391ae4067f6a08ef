#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The documents are true of the tree: what they name exists, and what must be named is.
. "$(dirname "$0")/../lib.sh"
cd "$COW_TESTS/.."

for document in *.md docs/*.md bench/*.md; do
	while read -r path; do
		[ -e "$path" ] || fail "$document names $path, which does not exist"
	done < <(grep -oE '\b(tests|docs|tools|lib|cli|include|bench|fuzz|man)/[A-Za-z0-9._/-]*[A-Za-z0-9]' \
		"$document" | grep -v NAME | sort -u)
done

for room in lib/*/ cli/ include/cow/ tests/*/; do
	[ "$room" != tests/tool/ ] || continue
	grep -qF "${room%/}" docs/architecture.md docs/testing.md || fail "$room is in no document"
done
for test in tests/facts/*.sh; do
	expect_text docs/kernel-facts.md "$test"
done

# Facts are numbered from K1 without a gap, and the code names only those there are.
facts=$(grep -c '^| K[0-9]' docs/kernel-facts.md)
expect_equal "$(grep -o '^| K[0-9]*' docs/kernel-facts.md | grep -o '[0-9]*' | xargs)" "$(seq -s' ' "$facts")"
while read -r number; do
	[ "$number" -le "$facts" ] || fail "there is no fact K$number"
done < <(grep -rhoE '\bK[0-9]+\b' include lib cli | tr -d K | sort -un)
