#!/bin/bash
# Answers per second of the dataplane on a port that never waits: beside dpdk-testpmd, with two workers,
# while records change, and with all that is off by default switched on.

source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/replay.sh"

eips=$(scaled 1000000) batch=$(scaled 500000)
readonly eips batch

# change_all RUN: gives each EIP of a batch a custom PTR of that run
change_all() {
	on "$server_core" control_load "$socket" "$1" batch 0 "$batch"
}

# Custom PTRs that change as fast as the control process takes them. It shares its core with the client:
# the worker has the other one to itself.
change_on_and_on() {
	local run=0
	touch "$dir/changing"
	while [[ -e $dir/changing ]]; do
		run=$((run + 1))
		change_all "run$EPOCHSECONDS-$run" || exit
	done >"$dir/changes" &
	changes=$!
}

end_changes() {
	rm "$dir/changing"
	wait "$changes" || fail "changes: $(<"$dir/changes")"
}

changes_per_second() {
	jq -s '(.[1].control.revision - .[0].control.revision) * 1e6 / (.[1].time_us - .[0].time_us) | round' "$dir/stats"
}

take_pages $((2 * packet_mib + 256))
prepare import_rows "$eips" 4
copy_prepared
start_pinned_control
make_queries plain "$eips" 4
make_queries cookies "$eips" 4 cookies
# No client is limited: to find that out is the work.
all_features=(dns: "  cookie_secrets: [$SECRET]" "  rate_limit: {responses_per_second: 1000000}")

check_answers plain 4
check_answers cookies 4 "${all_features[@]}"
for ((turn = 1; turn <= turns; turn++)); do
	replay_5tswap plain
	swap=$rate
	replay plain "$worker_core"
	rest=$rate
	compare pcap.ratio_5tswap "$rest" "$swap"
	note pcap.mqps "$(ratio "$rest" 1000000)"
	replay cookies "$worker_core" "${all_features[@]}"
	compare pcap.ratio_all_features "$rate" "$rest"
	# Two cores or fewer: the second worker's is the main lcore's, too.
	replay plain "$worker_core $main_core"
	compare pcap.ratio_2_workers "$rate" "$rest"
done
record_middle pcap.mqps
record_middle pcap.ratio_5tswap
record_middle pcap.ratio_all_features
record_middle pcap.ratio_2_workers

# The last: it leaves other custom PTRs behind. The worker must not go before the kernel's threads that
# finish on its core what the control process writes to the disk.
preferred=no
start_replaying plain "$worker_core"
measure plain
# The first changes make custom PTRs. All later ones only rename these, so that all turns are alike.
change_all first >"$dir/changes" || fail "changes: $(<"$dir/changes")"
for ((turn = 1; turn <= turns; turn++)); do
	measure plain changing
	rest=$rate
	change_on_and_on
	sleep "$warm_up"
	measure plain changing
	compare pcap.ratio_under_updates "$rate" "$rest"
	note pcap.updates_per_second "$(changes_per_second)"
	end_changes
done
record_middle pcap.ratio_under_updates
record_middle pcap.updates_per_second
