#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion: what the tables say, all of it and nothing else, in three shells.
. "$(dirname "$0")/../lib.sh"

# complete LINE: what bash offers after it, one per line.
cat >"$T/complete" <<'END'
source "$COW_BUILD/completion/cowctl"
compopt() { :; } # outside of a real completion it only complains
line=$1
# As readline does: words split at blanks, and "=" a word of its own.
read -ra COMP_WORDS <<<"${line//=/ = }"
[[ $line != *' ' ]] || COMP_WORDS+=('')
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_cowctl
printf '%s\n' "${COMPREPLY[@]}"
END
offers() {
	bash "$T/complete" "$COWCTL $1" >"$T/out"
	sort -o "$T/out" "$T/out"
}

# Every verb, and every option that --help shows, is offered; nothing else is.
offers ''
{
	cowctl help --format=verbs | cut -d' ' -f1 | sort -u
	printf '%s\n' --help --version
} | sort >"$T/expected"
diff "$T/expected" "$T/out"
cowctl help --format=verbs >"$T/verbs"
while read -r verb; do
	offers "$verb --"
	IFS=' ' read -ra words <<<"$verb"
	cowctl help "${words[@]}" >"$T/help"
	sed -n '/^Columns:/q; /^Common:/p; /^  /p' "$T/help" | grep -o -- '--[a-z-]*' | sort >"$T/expected"
	sed 's/=$//' "$T/out" | sort | diff "$T/expected" -
	# zsh and fish have the same.
	while read -r option; do
		expect_text "$COW_BUILD/completion/cowctl.fish" "'__cowctl_at $verb' -l ${option#--} "
		sed -n "/^_cowctl_${verb//[ -]/_}()/,/^}/p" "$COW_BUILD/completion/_cowctl" >"$T/zsh"
		expect_text "$T/zsh" "$option"
	done <"$T/expected"
done <"$T/verbs"

# The values of a closed vocabulary, with a space, with "=", with a beginning, behind a letter.
expect_offered() {
	offers "$1"
	expect_equal "$(paste -sd' ' "$T/out")" "$2" "what is offered after '$1'"
}
expect_offered 'create --cow ' 'auto off on'
expect_offered 'create --cow=' 'auto off on'
expect_offered 'create --cow=o' 'off on'
expect_offered 'convert --cow ' 'off on'
expect_offered 'create -f q' 'qcow2'
expect_offered 'clone --reflink=a' 'always auto'
expect_offered 'clone --refl' '--reflink'
expect_offered 'probe --output NAME,L' 'NAME,LAYER'

# Files where an image is wanted.
cd "$T"
touch 'disk 1.img' disk2.img
mkdir disk3.d
offers 'clone --reflink ' # its argument comes with "=" alone
expect_out disk2.img
expect_offered 'convert disk' 'disk 1.img disk2.img disk3.d'

# Pools where a pool is wanted: those there are now, also beside files.
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/run HOME=$T
mkdir "$T/run"
cowctl pool define-as --session images --target "$T/images" >"$T/log"
cowctl pool define-as --session 'my disks' --target "$T/disks" >"$T/log"
expect_offered 'pool info --session ' 'images my disks'
expect_offered 'pool start --session im' 'images'
expect_offered 'pool list --session ' ''

# Volumes of the pool that is named, wherever it is; they are files without one, and beside what is a file anyway.
for pool in images 'my disks'; do
	cowctl pool build --session "$pool" >"$T/log"
	cowctl pool start --session "$pool" >"$T/log"
done
cowctl vol create-as --session images 'web server.raw' 0 >"$T/log"
cowctl vol create-as --session images db.raw 0 >"$T/log"
cowctl vol create-as --session 'my disks' mail.raw 0 >"$T/log"
expect_offered 'vol delete --session --pool images ' 'db.raw web server.raw'
expect_offered 'vol resize --session --pool=images d' 'db.raw'
expect_offered 'vol delete --session disk2' 'disk2.img'
expect_offered 'vol upload --session --pool images d' 'db.raw disk 1.img disk2.img disk3.d disks'
expect_offered 'vol create-from --session images x.xml --inputpool images w' 'web server.raw'

offers 'help he'
expect_equal "$(cat "$T/out")" help
offers 'hel'
expect_equal "$(cat "$T/out")" help
offers 'help -- --'
expect_equal "$(cat "$T/out")" '' "what is offered after --"

# a name may have quotes where it is written
cat >>"$T/complete" <<'END'
COMP_WORDS=("$1" vol info --session --pool 'my\ disks' '') COMP_CWORD=6
_cowctl
printf '%s\n' "${COMPREPLY[@]}" >"$2"
END
bash "$T/complete" "$COWCTL" "$T/out"
expect_equal "$(cat "$T/out")" mail.raw "what is offered after a quoted pool"
