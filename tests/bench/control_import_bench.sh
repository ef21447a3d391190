#!/bin/bash
# A zone file with PTRs of a million addresses, imported by ptrctl into an empty region that the
# dataplane serves.

source "$(dirname "$0")/lib.sh"

count=$(scaled 1000000)
readonly count zone=$work/zone
[[ -e $zone ]] || make_zone import "$count" >"$zone"

make_network
prepare true
copy_prepared
start_pinned_control
start_dataplane

start=$EPOCHREALTIME
on "$client_core" ptrctl --json import --format zone "$zone" >"$dir/imported"
seconds=$(seconds_since "$start")

expect "$count" "$(jq .bound "$dir/imported")" "all rows are loaded"
expect "$count" "$(ptrctl --json region show eu-bench | jq .ptrs)" "and stored"
in_client answers "$SERVICE" import 0 "$count" $((count / 1000))
record control.import_s "$seconds"
