#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# pool apply reaches every directory and subvolume of a pool, and nothing that is not the pool's.
. "$(dirname "$0")/../lib.sh"
need_root
require jq strace
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime
make_fs btrfs fs
make_fs ext4 other
top=$T/fs/images

apply() {
	cowctl pool apply --session --json "$@"
}
# said PATH FILTER: true of what was said of that directory
said() {
	expect_json ".points[] | select(.path == \$path) | $2" --arg path "$top$1"
}
all_of() {
	json "$T/out" '[.points[].path[($top | length):]] | join(" ")' --arg top "$top"
}

mkdir -p "$top/vm/snapshots" "$top/right" "$top/mounted" "$T/fs/elsewhere"
btrfs -q subvolume create "$top/sub"
chattr +C "$top/right"
mount --bind "$T/other" "$top/mounted"
touch "$top/image" "$top/sub/image" "$top/right/image" "$top/mounted/image"
ln -s ../elsewhere "$top/link"
cowctl pool define-as p --session --target "$top" --cow off >"$T/log"

# looked at, and nothing done
before=$(lsattr -R "$top")
expect_status 1 apply --check p
expect_equal "$(all_of)" " /mounted /right /sub /vm /vm/snapshots"
for path in '' /sub /vm /vm/snapshots; do
	said "$path" '.before == "drifted" and .after == "drifted" and .action == "set-nocow"'
done
said '' '.unreached == 1 and .kind == "directory"'
said /sub '.unreached == 1 and .kind == "subvolume"'
said /right '.before == "ok" and .action == "leave" and .unreached == 0'
said /mounted '.kind == "mount" and .before == "not-applicable" and .unreached == 0'
expect_equal "$(lsattr -R "$top")" "$before" "the flags after --check"

# done, read back, and what has data is counted
expect_status 1 apply p
expect_err '2 existing files' 'cowctl convert --recursive'
for path in '' /sub /vm /vm/snapshots; do
	said "$path" '.before == "drifted" and .after == "ok"'
	is_nocow "$top$path" || fail "$path is CoW"
	touch "$top$path/new"
	is_nocow "$top$path/new" || fail "what is created in $path is CoW"
done
! is_nocow "$T/fs/elsewhere" || fail "a symlink was followed"
! is_nocow "$top/image" || fail "an image was touched"

# again, with the images gone: nothing to do, while it is started as well
rm "$top/image" "$top/sub/image"
cowctl pool start p --session >"$T/log"
for option in --check ''; do
	expect_status 0 apply ${option:+"$option"} p
	expect_json '[.points[].action] | unique == ["leave"]'
done
expect_status 0 cowctl pool apply p --session
expect_out PATH BEFORE AFTER "$top/vm/snapshots"

# one that can't follow is named and stops no other
mkdir "$top/compressed"
chattr -C "$top/compressed" "$top/vm"
chattr +c "$top/compressed"
expect_status 1 apply p
expect_json '.error.code == "conflict"'
said /compressed '.after == "drifted"'
said /vm '.before == "drifted" and .after == "ok"'

# the other way
sed -i "s/state=.no./state='yes'/" "$T/config/cowctl/pools/p.xml"
rm -rf "$top/compressed" "$top"/{,sub,vm,vm/snapshots,right}/{new,image}
expect_status 0 apply p
said /sub '.action == "clear-nocow" and .after == "ok"'
! is_nocow "$top/sub" || fail "the flag is still there"

# a pool in it has a policy of its own, by whatever way it names its directory; so has one of libvirt's
mkdir -p "$top/inner/below" "$top/theirs" "$T/config/libvirt/storage"
ln -s fs/images/inner "$T/way"
chattr +C "$top/inner" "$top/theirs"
cowctl pool define-as inner --session --target "$T/way" --cow off >"$T/log"
cat >"$T/config/libvirt/storage/theirs.xml" <<END
<pool type='dir'><name>theirs</name><uuid>11111111-2222-3333-4444-555555555555</uuid>
<target><path>$top/theirs</path></target></pool>
END
expect_status 0 apply --check p
expect_status 0 apply p
for path in /inner /theirs; do
	said "$path" '.kind == "pool" and .before == "not-applicable" and .action == "leave"'
	is_nocow "$top$path" || fail "the policy of another pool was undone in $path"
done
expect_json '[.points[].path] | index($path) == null' --arg path "$top/inner/below"
expect_status 0 apply inner # which has what is below
expect_json '.points[1].action == "set-nocow"'
expect_status 0 apply p
# and what lists volumes says the same
expect_status 0 cowctl vol list --session --json p
for name in inner theirs mounted; do
	expect_json '.volumes[] | select(.name == $name) | .compliance == "not-applicable"' --arg name $name
done
expect_status 0 cowctl pool refresh p --session
cowctl pool undefine inner --session >"$T/log"
rm -r "$top/inner" "$top/theirs" "$T/config/libvirt/storage/theirs.xml"

# a read-only snapshot is as it is: nothing will be created in it
mkdir "$top/sub/drifted"
chattr +C "$top/sub/drifted"
touch "$top/sub/drifted/image"
btrfs -q subvolume snapshot -r "$top/sub" "$top/snapshot" >"$T/log"
rm -r "$top/sub/drifted"
expect_status 0 apply --check p
said /snapshot '.kind == "subvolume" and .before == "not-applicable" and .action == "leave" and .unreached == 0'
expect_json '[.points[].path] | index($path) == null' --arg path "$top/snapshot/drifted"
expect_status 0 apply p
expect_status 0 cowctl pool refresh p --session

# one that is removed while it is looked at is no failure
mkdir "$top/gone"
ASAN_OPTIONS=detect_leaks=0 strace --quiet=all -o "$T/opens" -P gone --trace=openat \
	--inject=openat:delay_enter=1s "$COWCTL" pool apply --check p --session >"$T/applied" 2>&1 &
until [ -s "$T/opens" ]; do :; done
rmdir "$top/gone"
wait $! || fail "status $? for one that is gone: $(cat "$T/applied")"

# several, where one is not there; where nothing is needed
cowctl pool define-as e --session --target "$T/other" --cow off >"$T/log"
expect_status 2 apply p missing e
expect_json '[.pools[].name] == ["p", "e"] and .error.code == "not-found"'
expect_json '.points[-1] | .pool == "e" and .after == "not-applicable"'
