#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# pool edit replaces a definition by a good one, and only if it is still the one that was edited.
. "$(dirname "$0")/../lib.sh"
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime TMPDIR=$T/tmp
file=$T/config/cowctl/pools/p.xml
mkdir "$T/tmp"

pool() {
	cowctl pool "$@" --session
}
# edited STATUS COMMAND: by that editor
edited() {
	EDITOR=$2 expect_status "$1" pool edit p
}

expect_status 0 pool define-as p --target "$T/p" --cow off
before=$(sum_of "$file")
edited 0 true
expect_out "not changed"
expect_equal "$(sum_of "$file")" "$before"

edited 0 'sed -i s/\"no\"/\"yes\"/'
expect_text "$file" '<cow state="yes"/>'
expect_equal "$(ls -A "$T/tmp")" ""
VISUAL="sed -i s/yes/no/" edited 0 false

# what the terminal sends to the editor, and to all that belongs to it, is the editor's
printf '#!/bin/bash\ntrap : INT QUIT\nkill -INT 0\nkill -QUIT 0\nsed -i s/yes/no/ "$1"\n' >"$T/interrupted"
chmod +x "$T/interrupted"
EDITOR=$T/interrupted expect_status 0 setsid --wait "$COWCTL" pool edit p --session
expect_text "$file" '<cow state="no"/>'
edited 0 'sed -i s/\"no\"/\"yes\"/'

# an editor that fails and has written nothing leaves nothing
edited 2 false
expect_equal "$(ls -A "$T/tmp")" ""
printf '#!/bin/sh\necho >>"$1"\nfalse\n' >"$T/failing"
chmod +x "$T/failing"

# what can't be is refused; what was written is kept
before=$(sum_of "$file")
for command in 'sed -i s/pool/pol/' 'sed -i s,/target,/tar,' "sed -i s,$T/p,relative," \
	'sed -i "s,<name>p<,<name>q<,"' 'sed -i "s,<name>p<,<name>q<,; /uuid/d"' "$T/failing"; do
	status=3
	case $command in *uuid*) ;; *name* | *failing) status=2 ;; esac
	edited $status "$command"
	expect_err "is kept in '$T/tmp/"
	expect_equal "$(sum_of "$file")" "$before" "the definition"
	expect_equal "$(find "$T/tmp" -type f | wc -l)" 1 "files kept"
	rm "$T/tmp"/*
done

# somebody else was faster
cat >"$T/slow" <<END
#!/bin/sh
sed -i s/0711/0700/ "\$1"
echo >>"\$1"
sed -i 's,</path>,&<permissions><mode>0750</mode></permissions>,' '$file'
END
chmod +x "$T/slow"
edited 2 "$T/slow"
expect_err "was changed meanwhile" "is kept in"
expect_text "$file" 0750
expect_status 2 pool edit missing

# what is edited is what is stored, be it started with another definition; one that is stored nowhere is kept
rm "$T/tmp"/*
mkdir "$T/p" "$T/other"
before=$(sum_of "$file")
expect_status 0 pool dumpxml p
sed "s,<permissions>.*</permissions>,," "$T/out" >"$T/active.xml"
sed "s,$T/p<,$T/other<," "$T/active.xml" >"$T/moved.xml"
expect_status 0 pool create "$T/moved.xml"
edited 0 true
expect_equal "$(sum_of "$file")" "$before"
edited 0 'sed -i s/0750/0751/'
expect_err "runs on in '$T/other'" "takes effect when it is started again"
expect_text "$file" 0751
expect_status 0 pool stop p
expect_status 0 pool create "$T/active.xml"
edited 0 'sed -i s/0751/0752/'
expect_equal "$(cat "$T/err")" ""
expect_text "$file" 0752
expect_status 0 pool stop p
expect_status 0 pool create-as t --target "$T/other"
EDITOR="sed -i 's,</path>,&<permissions><mode>0700</mode></permissions>,'" expect_status 0 pool edit t
expect_status 0 pool stop t
expect_status 0 pool info t

# one that was stored without a uuid has the same one each time: it can be edited and renamed like any other
printf "<pool type='dir'><name>bare</name><target><path>%s/bare</path></target></pool>" "$T" >"$T/config/cowctl/pools/bare.xml"
expect_status 0 pool uuid bare
cp "$T/out" "$T/uuid"
EDITOR="sed -i 's,</path>,&<permissions><mode>0700</mode></permissions>,'" expect_status 0 pool edit bare
expect_text "$T/config/cowctl/pools/bare.xml" 0700 "<uuid>$(cat "$T/uuid")</uuid>"
sed -i '/<uuid>/d' "$T/config/cowctl/pools/bare.xml"
expect_status 0 pool rename bare named
expect_status 0 pool name "$(cat "$T/uuid")"
expect_out named
