#!/bin/bash
# Custom PTRs for EIPs that have none, over the control socket: in batches, as single requests on their
# way together, and one at a time beside the disk's own fsync. The EIPs are bound before.

source "$(dirname "$0")/lib.sh"

batch=$(scaled 1000000) scattered=$(scaled 500000) pipelined=$(scaled 300000) one=$(scaled 10000)
readonly batch scattered pipelined one all=$((batch + scattered + pipelined + one))

bind_all() {
	awk -v n="$all" 'BEGIN {
		print "address,names"
		for (i = 0; i < n; i++)
			printf "10.%d.%d.%d,\n", i / 65536, i / 256 % 256, i % 256
	}' | ptrctl --json import --format csv - >/dev/null
}

make_network
prepare bind_all
copy_prepared
start_pinned_control
start_dataplane

# changes KIND FIRST COUNT [DIRECTORY]: makes them, looks whether they are served.
declare -A cpu=() # µs of the control process for each change, by kind
changes() {
	local before
	before=$(cpu_us control)
	on "$client_core" control_load "$socket" "$1" "$@" >"$dir/$1" || fail "$1"
	cpu[$1]=$(awk -v us=$(($(cpu_us control) - before)) -v n="$3" 'BEGIN { print us / n }')
	in_client answers "$SERVICE" "$1" "$2" "$3" $(($3 / 1000 + 1))
}

rate() {
	awk -v n="$2" '{ printf "%.0f", n / $1 }' "$dir/$1"
}

changes one 0 "$one" "$state_dir"
changes batch "$one" "$batch"
changes scattered $((one + batch)) "$scattered"
changes pipelined $((one + batch + scattered)) "$pipelined"
expect "$all $all" "$(ptrctl --json region show eu-bench | jq -r '"\(.eips) \(.ptrs)"')" \
	"every change is stored"

record control.batch_rate "$(rate batch "$batch")"
record control.batch_cpu_us "${cpu[batch]}"
record control.batch_scattered_rate "$(rate scattered "$scattered")"
record control.batch_scattered_cpu_us "${cpu[scattered]}"
record control.pipelined_rate "$(rate pipelined "$pipelined")"
record control.pipelined_cpu_us "${cpu[pipelined]}"
read -r request fsync <"$dir/one"
record control.single_us "$request"
record control.single_fsync_us "$fsync"
record control.single_beyond_fsync_us "$(awk '{ print $1 - $2 }' "$dir/one")"
