#!/bin/bash
# ip6.arpa over IPv6 beside in-addr.arpa over IPv4: as many EIPs, the same share of custom PTRs.

source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/replay.sh"

eips=$(scaled 1000000)
readonly eips

import_all() {
	import_rows "$eips" 4
	ptrctl region create eu-six --prefix 2001:db8::/96 --suffix compute.example.com >/dev/null
	import_rows "$eips" 6
}

take_pages $((packet_mib + 512))
prepare import_all
copy_prepared
start_pinned_control
make_queries ipv4 "$eips" 4
make_queries ipv6 "$eips" 6

check_answers ipv6 6
for ((turn = 1; turn <= turns; turn++)); do
	replay ipv4 "$worker_core"
	ipv4=$rate
	replay ipv6 "$worker_core"
	compare pcap.ratio_ipv6 "$rate" "$ipv4"
done
record_middle pcap.ratio_ipv6
