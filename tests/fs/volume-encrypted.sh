#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Encrypted volumes: made by qemu-img with the secret out of a file, which appears in no command line and in
# nothing that is written; opened by QEMU and by cryptsetup; shown as libvirt shows them.
. "$(dirname "$0")/../lib.sh"
need_root
. "$(dirname "$0")/../lib-volume.sh"
require qemu-img qemu-io cryptsetup xmllint strace
make_fs btrfs b
make_pool p "$T/b/p" off
dir=$T/b/p
secret=$T/a,secret=file
printf 'open sesame' >"$secret"
printf 'wrong' >"$T/wrong"

# opens FILE FORMAT OPTION: with the secret, and not with another
opens() {
	local options=driver=$2,$3=s,file.driver=file,file.filename=$1
	qemu-io -r -c 'read 0 4096' --object secret,id=s,file="${secret//,/,,}" --image-opts "$options" >"$T/info" ||
		fail "$1 does not open"
	if qemu-io -r -c 'read 0 4096' --object secret,id=s,file="$T/wrong" --image-opts "$options" >"$T/info" 2>&1; then
		fail "$1 opens for anybody"
	fi
}

expect_status 0 vol create-as p raw 4M --secret-file "$secret" --json
expect_json '.volumes[0] | .format == "luks" and .capacity == 4194304 and .compliance == "ok"'
opens "$dir/raw" luks key-secret
is_nocow "$dir/raw" || fail "CoW"
cryptsetup isLuks --type luks1 "$dir/raw"
cryptsetup luksOpen --test-passphrase --key-file "$secret" "$dir/raw"
! cryptsetup luksOpen --test-passphrase --key-file "$T/wrong" "$dir/raw" 2>"$T/err" || fail "opens for anybody"
expect_status 0 vol dumpxml --pool p raw
expect_equal "$(xmllint --xpath 'concat(//format/@type, "|", //encryption/@format)' "$T/out")" "raw|luks"
cp "$T/out" "$T/raw.xml"
expect_status 0 vol create-as p odd 1MB --secret-file "$secret" --json
expect_json '.volumes[0].capacity == 1000448' # in sectors, as of any other format
expect_status 0 vol create-as p qcow2 4M --format qcow2 --secret-file "$secret"
opens "$dir/qcow2" qcow2 encrypt.key-secret
expect_status 0 vol dumpxml --pool p qcow2
expect_equal "$(xmllint --xpath 'concat(//format/@type, "|", //encryption/@format)' "$T/out")" "qcow2|luks"

# out of XML: what was dumped, and the algorithms
sed 's|<name>raw|<name>again|' "$T/raw.xml" >"$T/again.xml"
expect_status 3 vol create p "$T/again.xml"
expect_err 'needs a secret' '--secret-file'
[ ! -e "$dir/again" ] || fail "a volume without a secret"
: >"$T/empty"
truncate -s $(((8 << 20) + 1)) "$T/long"
mkfifo "$T/pipe"
for file in "$T/empty" "$T/long" /dev/zero "$T" "$T/pipe"; do
	expect_status 3 vol create p "$T/again.xml" --secret-file "$file"
	expect_err "the secret file '$file' is"
	[ ! -e "$dir/again" ] || fail "a volume with a secret that is none"
done
expect_status 0 vol create p "$T/again.xml" --secret-file "$secret"
opens "$dir/again" luks key-secret
cat >"$T/cipher.xml" <<END
<volume>
  <name>cipher</name>
  <capacity unit='MiB'>1</capacity>
  <target>
    <format type='raw'/>
    <encryption format='luks'>
      <secret type='passphrase' uuid='f52a81b2-424e-490c-823d-6bd4235bc572'/>
      <cipher name='serpent' size='256' mode='cbc' hash='sha512'/>
      <ivgen name='essiv' hash='sha256'/>
    </encryption>
  </target>
</volume>
END
expect_status 0 vol create p "$T/cipher.xml" --secret-file "$secret"
cryptsetup luksDump "$dir/cipher" >"$T/luks"
expect_equal "$(sed -n 's/^\(Cipher name\|Cipher mode\|Hash spec\): *\t*//p' "$T/luks" | xargs)" \
	"serpent cbc-essiv:sha256 sha512"

# bigger without the secret where the header doesn't say how big it is
expect_status 0 vol resize --pool p again 8M --json
expect_json '.volumes[0].capacity == 8388608'
opens "$dir/again" luks key-secret
expect_status 0 vol resize --pool p again 4M --shrink
expect_equal "$(stat -c %s "$dir/again")" "$(stat -c %s "$dir/raw")"
expect_status 3 vol resize --pool p qcow2 8M
expect_err 'is encrypted, and needs its secret'

# the secret is in no command line and in no output
expect_status 0 env ASAN_OPTIONS=detect_leaks=0 strace -f -s 9999 -e trace=execve,write -o "$T/trace" \
	"$COWCTL" vol create-as --session p traced 1M --secret-file "$secret" --json
! grep -q 'open sesame' "$T/trace" "$T/out" "$T/err" || fail "the secret is shown"
grep -q 'qemu-img.*secret,id=' "$T/trace" || fail "the trace shows no qemu-img"

# what can't be done leaves nothing
expect_status 2 vol create-as p x 1M --secret-file "$T/none" --json
expect_json '.error.code == "not-found"'
expect_status 3 vol create-as p x 1M --format vmdk --secret-file "$secret"
sed "s|<name>cipher|<name>x|; s|mode='cbc'|mode='cbc,hash-alg=md5'|" "$T/cipher.xml" >"$T/x.xml"
expect_status 3 vol create p "$T/x.xml" --secret-file "$secret"
sed "s|<name>cipher|<name>x|; s|'luks'|'qcow'|" "$T/cipher.xml" >"$T/x.xml"
expect_status 1 vol create p "$T/x.xml" --secret-file "$secret"
sed "s|<name>cipher|<name>x|; s|'serpent'|'rot'|" "$T/cipher.xml" >"$T/x.xml"
expect_status 2 vol create p "$T/x.xml" --secret-file "$secret"
expect_equal "$(cd "$dir" && echo *)" "again cipher odd qcow2 raw traced"
