#!/bin/bash
# Where the time of a query goes: cycles in each stage of its way through a worker.

source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/replay.sh"

eips=$(scaled 1000000)
readonly eips

take_pages $((packet_mib + 256))
prepare import_rows "$eips" 4
copy_prepared
start_pinned_control
make_queries plain "$eips" 4
replay_config "net_pcap0,rx_pcap=$dir/plain.pcap,infinite_rx=1" "$worker_core"
chrt --rr $PRIORITY stages "$config" >"$dir/stages" 2>"$dir/stages.log"
while read -r stage cycles; do
	record "stage.${stage}_cycles" "$cycles"
done <"$dir/stages"
record stage.all_cycles "$(awk '{ n += $2 } END { print n }' "$dir/stages")"
