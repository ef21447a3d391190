#!/bin/bash
# A zone file with PTRs of a million addresses, imported by ptrctl into an empty region that the
# dataplane serves.

source "$(dirname "$0")/lib.sh"

count=$(scaled 1000000)
readonly count zone=$work/zone
if [[ ! -e $zone ]]; then
	awk -v n="$count" 'BEGIN {
		print "$ORIGIN 10.in-addr.arpa."
		print "$TTL 300"
		for (i = 0; i < n; i++)
			printf "%d.%d.%d PTR host-%d.customer.example.net.\n",
				i % 256, int(i / 256) % 256, int(i / 65536), i
	}' >"$zone"
fi

rm -rf "$state_dir"
start_all
pin control "$server_core"
ptrctl region create eu-bench --prefix 10.0.0.0/12 --suffix compute.example.com >/dev/null

start=$EPOCHREALTIME
on "$client_core" ptrctl --json import --format zone "$zone" >"$dir/imported"
seconds=$(seconds_since "$start")

expect "$count" "$(jq .bound "$dir/imported")" "all rows are loaded"
expect "$count" "$(ptrctl --json region show eu-bench | jq .ptrs)" "and stored"
for i in 0 1 255 $((count / 2)) $((count - 1)); do
	expect "host-$i.customer.example.net." \
		"$(ask "10.$((i / 65536)).$((i / 256 % 256)).$((i % 256))")" "and answered"
done
record control.import_s "$seconds"
