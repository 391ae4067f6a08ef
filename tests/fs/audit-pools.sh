# SPDX-License-Identifier: LGPL-2.1-or-later
# Each image is held against the pool it lies in, however the audit comes to it.
. "$(dirname "$0")/../lib.sh"
need_root
require jq

export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/run HOME=$T
define() { # NAME PATH STATE
	printf '<pool type="dir"><name>%s</name><features><cow state="%s"/></features><target><path>%s</path></target></pool>' \
		"$1" "$3" "$2" >"$T/$1.xml"
	cowctl pool define --session "$T/$1.xml" >/dev/null
}
verdicts() {
	json "$T/out" '[.images[] | "\(.pool) \(.policy) \(.compliance)"] | join(", ")'
}

make_fs btrfs fs
cd "$T/fs"

# nothing to audit is a wrong call, and so is a pool that isn't there
expect_status 3 cowctl audit --session
expect_err 'no pool is defined'
expect_status 2 cowctl audit --session fast
expect_err "no pool 'fast'"

mkdir -p fast/kept loose
define fast "$T/fs/fast" no
define kept "$T/fs/fast/kept" yes
define gone "$T/fs/nowhere" no
make_image fast/image 1M
make_image fast/kept/image 1M
make_image loose/image 1M
sync .

# from above, from within, by symlink and through another mount
expect_status 1 cowctl audit --session --json .
expect_equal "$(verdicts)" 'fast off drifted, kept on ok, null auto drifted'
cd fast/kept
expect_status 0 cowctl audit --session --json image
expect_equal "$(verdicts)" 'kept on ok'
cd "$T/fs"
ln -s fast/kept link
expect_status 0 cowctl audit --session --json link/image
expect_equal "$(verdicts)" 'kept on ok'
mkdir elsewhere
mount --bind fast elsewhere
expect_status 1 cowctl audit --session --json elsewhere
expect_equal "$(verdicts)" 'fast off drifted, kept on ok'

# --cow stands above all of them
expect_status 0 cowctl audit --session --json --cow on .
expect_equal "$(verdicts)" 'fast on ok, kept on ok, null on ok'

# by name; a file of that name would be meant before it
cd loose
expect_status 1 cowctl audit --session --json fast
expect_equal "$(verdicts)" 'fast off drifted, kept on ok'
touch kept
expect_status 2 cowctl audit --session --json kept gone
expect_json '.images[0] | .path == "kept" and .format == "raw" and .pool == null'
rm kept

# all of them; what can't be read is told
cowctl pool undefine --session gone >/dev/null
expect_status 1 cowctl audit --session --json
expect_equal "$(verdicts)" 'fast off drifted, kept on ok, kept on ok'

# nor is it held against all of them that some of libvirt's have no files; by its name such a one is not clean
mkdir -p "$T/config/libvirt/storage"
echo '<pool type="rbd"><name>far</name><source><name>x</name></source></pool>' >"$T/config/libvirt/storage/far.xml"
expect_status 1 cowctl audit --session --json
expect_json 'has("error") | not'
expect_status 1 cowctl audit --session far
expect_err "'far' is no pool of files"

printf '<pool' >"$T/config/cowctl/pools/broken.xml"
expect_status 2 cowctl audit --session --json .
expect_err broken
