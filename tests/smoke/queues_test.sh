#!/bin/bash
# Several queues and workers: of an interface by AF_XDP, and of a device that spreads frames by itself.

source "$(dirname "$0")/lib.sh"
make_network
ip link del ptd0
ip link add ptd0 numrxqueues 2 numtxqueues 2 type veth peer name eth0 netns client numrxqueues 2 numtxqueues 2
ip addr add "$SERVICE/24" dev ptd0
ip addr add "$SERVICE6/64" dev ptd0 nodad
ip link set ptd0 up
ip -n client addr add "$CLIENT/24" dev eth0
ip -n client addr add "$CLIENT6/64" dev eth0 nodad
ip -n client link set eth0 up
ip link add ptd1 type veth peer name ptd2
ip link set ptd1 up
ip link set ptd2 up

services="$SERVICE, '$SERVICE6'"
make_config
choose_cores
# shellcheck disable=SC2154 # choose_cores sets them
((main_core != worker_core)) || skip "two workers need two cores"
readonly core_list="[$main_core, $worker_core]"
# port LINE...: in place of the configuration's
port() {
	sed -i '/^  ports:/,$d' "$config"
	printf '  ports:\n    - cores: %s\n' "$core_list" >>"$config"
	printf '      %s\n' "$@" >>"$config"
}

echo "-- two queues, two workers"
port 'interface: ptd0'
start_control
start_dataplane
ptrctl region create eu-demo --prefix 203.0.113.0/24 --suffix compute.example.com >/dev/null
ptrctl eip bind 203.0.113.7 >/dev/null
awk 'BEGIN { for (i = 0; i < 100; i++) print "7.113.0.203.in-addr.arpa PTR" }' >"$dir/queries"
for server in "$SERVICE" "$SERVICE6"; do
	in_client dnsperf -s "$server" -d "$dir/queries" -c 32 -n 4 -Q 1000 >"$dir/dnsperf"
	expect "400 (100.00%)" "$(sed -n 's/^ *Queries completed: *//p' "$dir/dnsperf")" "none lost of 400 queries to $server"
done
mapfile -t counts < <(readers "$dir" ptr_default)
expect 3 "${#counts[@]}" "three readers"
expect "0 800" "${counts[0]} $((counts[1] + counts[2]))" "the workers answered all"
((counts[1] > 0 && counts[2] > 0)) || fail "one worker answered all: ${counts[*]}"
echo "ok: both workers answered: ${counts[1]} and ${counts[2]}"
ptrctl --json top --count 1 >"$dir/stats"
expect "null-null ptd0-0 ptd0-1" \
	"$(jq -r '[.readers[] | "\(.port)-\(.queue)"] | join(" ")' "$dir/stats")" "what they are"
expect "${counts[1]} ${counts[2]}" \
	"$(jq -r '[.readers[1:][].outcomes.ptr_default] | join(" ")' "$dir/stats")" \
	"each by itself in the statistics"
jq -e '.readers[1:] | all(.busy_cycles > 0 and .busy_cycles < .cycles)' "$dir/stats" >/dev/null ||
	fail "no load of the workers: $(cat "$dir/stats")"
ptrctl eip bind 203.0.113.8 >/dev/null
! ptrctl eip bind 192.0.2.1 2>/dev/null || fail "bound outside of the region"
# The two, and the question before.
expect "3 1 1 1" "$(ptrctl --json top --count 1 | jq -r --slurpfile was "$dir/stats" \
	'[.control, $was[0].control] |
	[(("requests", "refused", "transactions", "revision") as $c | .[0][$c] - .[1][$c])] |
	join(" ")')" "what the control process counts"
expect 2 "$(ptrctl top --count 2 | grep -c '^ *[0-9]* *ptd0 *1 ')" "twice on a worker"
# One program serves both queues: it is replaced as a whole, and goes as a whole.
end dataplane KILL
[[ $(ip -d link show ptd0) == *xdp* ]] || fail "SIGKILL removed the XDP program: nothing is left to take over"
start_dataplane
expect ecs-203-0-113-7.compute.example.com. "$(ask 203.0.113.7)" "answering after SIGKILL and restart"
end dataplane
[[ $(ip -d link show ptd0) != *xdp* ]] || fail "the XDP program stayed behind: $(ip -d link show ptd0)"
echo "ok: no XDP program is left"

# refused TEXT WHAT: the dataplane does not start, and tells TEXT
refused() {
	local status=0
	"$build/dataplane/ptrd-dataplane" --config "$config" >"$dir/refused.log" 2>&1 || status=$?
	expect 1 "$status" "$2"
	grep -qF -- "$1" "$dir/refused.log" || fail "no \"$1\" in: $(cat "$dir/refused.log")"
}

echo "-- more cores than queues"
port 'interface: ptd1'
refused "ptd1 has 1 queue, but dataplane.ports gives it 2 cores" "an interface of one queue"
port 'vdev: net_af_packet0,iface=ptd1'
refused "2 cores need as many queues, it has 1 to receive and 1 to send" "a device of one queue"

started() {
	alive dataplane || fail "ptrd-dataplane stopped"
	grep -qF -- "ready: answering" "$dir/spread.log"
}

# told TEXT WHAT: the dataplane starts, and tells TEXT
told() {
	rm -f "$dir/spread.log" # of the one before
	"$build/dataplane/ptrd-dataplane" --config "$config" >"$dir/spread.log" 2>&1 &
	daemons[dataplane]=$!
	disown
	wait_for 60 started
	end dataplane
	grep -qF -- "$1" "$dir/spread.log" || fail "no \"$1\" in: $(cat "$dir/spread.log")"
	echo "ok: $2"
}

echo "-- packet memory"
port 'vdev: net_null0,no-rx=1' 'exception: false' 'buffers: 50000'
told "of ordinary pages" "as much as the buffers take"

echo "-- devices that spread"
port 'vdev: net_null0,no-rx=1' 'exception: false'
told "port net_null0: 2 queues, spread by RSS" "RSS where the device has it"
port 'vdev: net_af_packet0,iface=ptd1,qpairs=2'
told "driver net_af_packet has no RSS: how its 2 queues share queries is up to its devargs" "told where it has not"
