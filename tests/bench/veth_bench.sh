#!/bin/bash
# Answers over a veth pair, the port of a machine without a fast NIC: the highest rate without loss, the
# rate when more is offered than can be answered, in closed loop, and the latency; beside Knot DNS with
# AF_XDP and with sockets, NSD, BIND, and dpdk-testpmd, which sends back what comes.

source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/peers.sh"
source "$(dirname "$0")/testpmd.sh"

eips=$(scaled 1000000)
readonly eips
readonly MORE_THAN_ANYBODY=2000000 # queries per second

# latency_at RATE: sets p50, p99 and p999, µs
latency_at() {
	in_client taskset --cpu-list "$gun_core" dnsperf -v -s "$SERVICE" -d "$dir/names" \
		-l "$measured_s" -c 8 -e -Q "$1" >"$dir/latencies" 2>&1 || fail "dnsperf: $(tail "$dir/latencies")"
	read -r p50 p99 p999 < <(awk '/^> N/ { printf "%.0f\n", $NF * 1e6 }' "$dir/latencies" | sort -n | awk '
		{ us[NR] = $1 }
		END { print us[int(NR * 0.5) + 1], us[int(NR * 0.99) + 1], us[int(NR * 0.999) + 1] }')
	((p999 > 0)) || fail "no latencies: $(tail "$dir/latencies")"
}

# No more on the way than a socket's queue takes: who loses queries waits for them.
closed_loop() {
	ask_closed_loop "$gun_core" -c 8 -q 200
}

# In the middle of a flood: writes how many ms TCP and the control process take for an answer.
respond() {
	local start between
	sleep 0.5
	start=$EPOCHREALTIME
	[[ $(in_client dig "@$SERVICE" -x 10.0.0.0 +tcp +short +tries=1 +time=10) == host-0.* ]] || exit
	between=$EPOCHREALTIME
	ptrctl --json status >/dev/null || exit
	awk -v a="$start" -v b="$between" -v c="$EPOCHREALTIME" 'BEGIN { print (b - a) * 1000, (c - b) * 1000 }'
}

# What is answered of the lossless rate, its double and its fourfold; with a prefix for those that are not ours
overload() {
	local times
	record "overload.${1:-}offered_1x" "$lossless"
	record "overload.${1:-}answers_1x" "$lossless_answered"
	for times in 2 4; do
		ask $((lossless * times))
		record "overload.${1:-}offered_${times}x" "$sent"
		record "overload.${1:-}answers_${times}x" "$answered"
	done
}

# Sets answered: replies that are each the query, but for the addresses and ports.
offer_5tswap() {
	# It answers no ARP.
	ip -n client neigh replace "$SERVICE" dev eth0 nud permanent \
		lladdr "$(ip -j link show ptd0 | jq -r '.[].address')"
	start_testpmd net_af_xdp0,iface=ptd0 128 16383
	offer "$MORE_THAN_ANYBODY"
	end_testpmd
	ip -n client neigh del "$SERVICE" dev eth0
}

# beside PEER: sets ours_closed and rate, of closed loops, ours and then the peer's. One right after the
# other: what else a machine does changes in minutes.
beside() {
	start_server ours
	closed_loop
	ours_closed=$rate
	end_server
	start_server "$1"
	in_client answers "$SERVICE" host 0 $((eips - 4)) $((eips / 100))
	closed_loop
	end_server
}

take_pages 256
prepare_servers "$eips"

start_server ours
in_client answers "$SERVICE" host 0 $((eips - 4)) 5
find_lossless
ours_lossless=$lossless ours_answered=$lossless_answered
overload
ours_overload=$answered
respond >"$dir/responses" &
responses=$!
ask "$MORE_THAN_ANYBODY"
wait $responses || fail "no answer over TCP, or of the control process, while too much arrives"
end_server

start_server knot_xdp
in_client answers "$SERVICE" host 0 $((eips - 4)) $((eips / 100))
find_lossless
knot_lossless=$lossless
overload knot_xdp_
latency_at $((knot_lossless / 2))
knot_p50=$p50 knot_p99=$p99 knot_p999=$p999
end_server

start_server ours
latency_at $((knot_lossless / 2))
end_server

record veth.lossless_rate "$ours_lossless"
record veth.ratio_knot_xdp "$(ratio "$ours_lossless" "$knot_lossless")"
for ((turn = 1; turn <= turns; turn++)); do
	start_server ours
	ask "$MORE_THAN_ANYBODY"
	replies=$answered
	end_server
	offer_5tswap
	note veth.replies "$replies"
	compare veth.ratio_5tswap "$replies" "$answered"
done
record_middle veth.replies
record_middle veth.ratio_5tswap
for name in knot_xdp knot nsd bind; do
	for ((turn = 1; turn <= turns; turn++)); do
		beside $name
		note veth.dnsperf_rate "$ours_closed"
		compare veth.dnsperf_ratio_$name "$ours_closed" "$rate"
	done
	record_middle veth.dnsperf_ratio_$name
done
record_middle veth.dnsperf_rate
record latency.p50_us "$p50"
record latency.p99_us "$p99"
record latency.p999_us "$p999"
record latency.knot_xdp_p50_us "$knot_p50"
record latency.knot_xdp_p99_us "$knot_p99"
record latency.knot_xdp_p999_us "$knot_p999"
record latency.p99_ratio_knot_xdp "$(ratio "$p99" "$knot_p99")"
read -r tcp control <"$dir/responses"
record overload.tcp_ms "$tcp"
record overload.control_ms "$control"
record overload.ratio_4x "$(ratio "$ours_overload" "$ours_answered")"
