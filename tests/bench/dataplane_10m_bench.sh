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

# replay_eips EIPS: adds the rate to "$dir/rates.EIPS"
replay_eips() {
	state_dir=$work/state.$1
	make_config
	use_pages
	start_pinned_control
	replay "queries.$1" "$worker_core"
	end control
	echo "$rate" >>"$dir/rates.$1"
}

take_pages $((packet_mib + 512))
prepare_eips 1000000
prepare_eips 10000000
for _ in 1 2 3; do
	replay_eips 1000000
	replay_eips 10000000
done
record pcap.ratio_10m "$(ratio "$(middle_of_three "$dir/rates.10000000")" "$(middle_of_three "$dir/rates.1000000")")"
