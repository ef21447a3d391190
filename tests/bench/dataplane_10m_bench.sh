#!/bin/bash
# Ten million EIPs beside one million, a fifth of both with custom PTRs.

source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/replay.sh"

# rate_of EIPS: sets rate, with a store of these
rate_of() {
	local eips
	eips=$(scaled "$1")
	prepared=$work/$1
	prepare import_rows "$eips" 4
	copy_prepared
	start_pinned_control
	make_queries queries "$eips" 4
	check_answers queries 4
	replay queries "$worker_core"
	end control
}

take_pages $((packet_mib + 512))
rate_of 1000000
one=$rate
rate_of 10000000
record pcap.ratio_10m "$(ratio "$rate" "$one")"
