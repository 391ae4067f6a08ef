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

# zsh hands on what an option has with the quotes that were typed, and more of them.
zsh_offers() {
	# shellcheck disable=SC2016 # for zsh
	zsh -f -c 'typeset -A opt_args; _describe() { }; words=(cowctl "") CURRENT=2; source "$1"
		_call_program() { shift; eval "$*" }; compadd() { shift; print -rl -- "$@" }
		words=(cowctl --session) opt_args=(--pool "$2"); _cowctl_volumes' \
		zsh "$COW_BUILD/completion/_cowctl" "$1" >"$T/out"
}
for pool in 'my disks' a:b; do
	cowctl pool define-as --session "$pool" --target "$T/$pool" >"$T/log"
	cowctl pool build --session "$pool" >"$T/log"
	cowctl pool start --session "$pool" >"$T/log"
	cowctl vol create-as --session "$pool" mail.raw 0 >"$T/log"
done
for pool in 'my\\ disks' '"my disks"' 'a\:b'; do
	zsh_offers "$pool"
	expect_equal "$(cat "$T/out")" mail.raw "what is offered of $pool"
done
