#!/bin/bash
# Memory of a table: of a region whose EIPs all have default PTRs, and of one whose EIPs all have a usual
# custom one. As the control process builds them at its start; no dataplane is needed for that.

source "$(dirname "$0")/lib.sh"

count=$(scaled 1000000)
readonly count

import_all() {
	awk -v n="$count" 'BEGIN {
		print "address,names"
		for (i = 0; i < n; i++)
			printf "10.%d.%d.%d,\n", i / 65536, i / 256 % 256, i % 256
	}' | ptrctl --json import --format csv - >/dev/null
	ptrctl region create eu-custom --prefix 11.0.0.0/8 --suffix compute.example.com >/dev/null
	awk -v n="$count" 'BEGIN {
		print "address,names"
		for (i = 0; i < n; i++)
			printf "11.%d.%d.%d,host-%d.customer.example.net\n", i / 65536, i / 256 % 256, i % 256, i
	}' | ptrctl --json import --format csv - >/dev/null
}

# bytes_per_eip REGION PTRS
bytes_per_eip() {
	jq -re --arg region "$1" --argjson eips "$count" --argjson ptrs "$2" '.regions[] |
		select(.name == $region and .eips == $eips and .ptrs == $ptrs) | .table.file_size / .eips' \
		"$dir/status" || fail "region $1: $(<"$dir/status")"
}

prepare import_all
copy_prepared
start_pinned_control
ptrctl --json status >"$dir/status"
record memory.bytes_per_default_eip "$(bytes_per_eip eu-bench 0)"
record memory.bytes_per_custom_eip "$(bytes_per_eip eu-custom "$count")"
