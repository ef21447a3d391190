#!/bin/bash
# Ten million EIPs beside one million, a fifth of both with custom PTRs. In turn: what else a machine does
# changes while a large store is started.

source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/replay.sh"

# prepare_eips EIPS: a store with these, queries for it, all answered right
prepare_eips() {
	local eips
	eips=$(scaled "$1")
	prepared=$work/$1
	prepare import_rows "$eips" 4
	copy_prepared "$1"
	make_queries "queries.$1" "$eips" 4
	start_pinned_control
	check_answers "queries.$1" 4
	end control
}

# replay_eips EIPS: sets rate
replay_eips() {
	state_dir=$work/state.$1
	make_config
	use_pages
	start_pinned_control
	replay "queries.$1" "$worker_core"
	end control
}

take_pages $((packet_mib + 512))
prepare_eips 1000000
prepare_eips 10000000
for ((turn = 1; turn <= turns; turn++)); do
	replay_eips 1000000
	less=$rate
	replay_eips 10000000
	compare pcap.ratio_10m "$rate" "$less"
done
record_middle pcap.ratio_10m
