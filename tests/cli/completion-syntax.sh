#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The shells themselves can read their completion.
. "$(dirname "$0")/../lib.sh"
require zsh fish

bash -n "$COW_BUILD/completion/cowctl"
zsh -n "$COW_BUILD/completion/_cowctl"
fish -n "$COW_BUILD/completion/cowctl.fish"

# fish can also be asked what it would offer.
fish_offers() {
	fish --no-config -c "source '$COW_BUILD/completion/cowctl.fish'; complete -C '$1'" |
		cut -f1 | sort >"$T/out"
}
fish_offers 'cowctl hel'
expect_equal "$(cat "$T/out")" help
fish_offers 'cowctl help --v'
expect_equal "$(cat "$T/out")" --version
fish_offers 'cowctl pool de'
expect_equal "$(paste -sd' ' "$T/out")" 'define define-as delete'
fish_offers 'cowctl create --cow '
expect_equal "$(paste -sd' ' "$T/out")" 'auto off on'
# and knows pools and volumes
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/run PATH=${COWCTL%/*}:$PATH
mkdir "$T/run"
cowctl pool define-as --session images --target "$T/images" >"$T/log"
cowctl pool build --session images >"$T/log"
cowctl pool start --session images >"$T/log"
cowctl vol create-as --session images web.raw 0 >"$T/log"
fish_offers 'cowctl pool info --session i'
expect_equal "$(cat "$T/out")" images
for words in '--pool images' --pool=images '--pool images --json'; do
	fish_offers "cowctl vol info --session $words "
	expect_out web.raw
done
fish_offers 'cowctl vol create-from --session --inputpool images '
expect_equal "$(grep -x -e images -e web.raw "$T/out" | paste -sd' ')" 'images web.raw' "pools and volumes"
