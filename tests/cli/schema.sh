#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Schema 1: keys that programs rely on. More may come; one that is gone, or of another type, fails
# here and needs a new schema.
. "$(dirname "$0")/../lib.sh"
require jq
need_root
make_fs btrfs disk
cd "$T/disk"
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/run
mkdir "$T/run"

# expect_keys FILTER KEY:TYPE...: of every object the filter gives, of which there is at least one.
# A type may be "string|null".
expect_keys() {
	local filter=$1 key types
	shift
	expect_json "[$filter] | length > 0"
	for key; do
		types=${key#*:}
		expect_json "[$filter] | all(has(\$key) and (.[\$key] | type | IN(\$types | split(\"|\")[])))" \
			--arg key "${key%%:*}" --arg types "$types"
	done
}

expect_status 0 cowctl probe --json .
expect_keys . cowctl:object paths:array
expect_keys '.paths[]' path:string overwrite:string switch:string evidence:string \
	new_files:object remedy:'string|null' layers:array
expect_keys '.paths[].new_files' overwrite:string nocow:'boolean|null'
expect_keys '.paths[].layers[]' type:string name:string overwrite:string switch:string \
	evidence:string detail:object

make_image image 4M
expect_status 1 cowctl audit --json --cow off .
expect_keys . images:array summary:object
expect_keys '.images[]' path:string format:string size:number allocated:number \
	nocow:'boolean|null' overwrite:string evidence:string extents:'number|null' \
	shared:'number|null' pool:'string|null' policy:string compliance:string findings:array
expect_keys '.images[].findings[]' rule:string severity:string message:string remedy:'string|null'
expect_keys .summary images:number ok:number drifted:number unknown:number errors:number

expect_status 0 cowctl convert --json --keep-original image
expect_keys '.images[]' path:string from:string to:string mode:string result:string \
	reason:'string|null' bytes_copied:number bytes_holes:number verified:boolean \
	seconds:number original:string remedy:null state:null running:null size:null whole:null
expect_status 0 cowctl convert --json image
expect_keys '.images[]' original:null

expect_status 0 cowctl clone --json image clone
expect_keys .image path:string source:string result:string method:string reason:string \
	remedy:'string|null' format:string size:'number|null' backing:'string|null' \
	nocow:'boolean|null' overwrite:string match:boolean pool:'string|null' \
	policy:'string|null' effective:'string|null' warning:'string|null' \
	source_held:'boolean|null' bytes_shared:number bytes_copied:number bytes_holes:number \
	seconds:number

expect_status 0 cowctl unshare --json image
expect_keys '.images[]' path:string result:string reason:'string|null' remedy:'string|null' \
	bytes:number bytes_shared:number bytes_rewritten:number runs_before:'number|null' \
	runs_after:'number|null' rows_before:'number|null' rows_after:'number|null' \
	seconds:number history_known:'boolean|null'

expect_status 0 cowctl pool define-as --session --target "$T/disk/pool" images
for verb in build info list; do
	name=images
	[ $verb != list ] || name=
	expect_status 0 cowctl pool "$verb" --session --json ${name:+"$name"}
	expect_keys '.pools[]' name:string uuid:string type:string path:string state:string \
		autostart:boolean persistent:boolean policy:string compliance:string \
		capacity:'number|null' allocation:'number|null' available:'number|null' source:string
done

expect_status 0 cowctl pool capabilities --json
expect_keys '.types[]' type:string supported:boolean source_formats:array volume_formats:array

expect_status 0 cowctl pool apply --check --session --json images
expect_keys '.points[]' path:string pool:string kind:string before:string after:string \
	action:string unreached:number unread:number reason:string

expect_status 0 cowctl pool info --session --json images
expect_keys '.pools[]' summary:null
make_image pool/image 1M
expect_status 0 cowctl pool start --session images
for verb in info refresh; do
	expect_status 0 cowctl pool $verb --session --json images
	expect_keys '.pools[].summary' volumes:number ok:number drifted:number not_applicable:number \
		unknown:number problems:number
done
for call in 'list images' 'info --pool images image'; do
	IFS=' ' read -ra words <<<"$call"
	expect_status 0 cowctl vol "${words[@]}" --session --json
	expect_keys '.volumes[]' name:string path:string format:string capacity:'number|null' \
		allocation:'number|null' backing:'string|null' overwrite:string compliance:string
done
for verb in info path key name pool; do
	expect_status 0 cowctl vol $verb --session --json --pool images image
	expect_keys . pool:string volumes:array
done

cowctl pool event --session --json >"$T/event" &
while kill -0 $! 2>/dev/null; do
	expect_status 0 cowctl pool refresh --session images
done
cp "$T/event" "$T/out"
expect_keys .event type:string detail:string pool:string uuid:string time:string

expect_status 2 cowctl pool info --session --json missing
expect_keys .error code:string message:string remedy:'string|null'
