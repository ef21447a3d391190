#!/bin/bash
# The exception port: an adapter that the kernel does not see. Frames come by way of a packet socket on one
# end of a veth pair, whose kernel side answers nothing: no address, no ARP, no IPv6, and a reverse path
# filter that drops what comes from the client's network, which is behind the TAP.

source "$(dirname "$0")/lib.sh"
readonly TAP=ptrd-x0
make_network
ip addr flush dev ptd0
sysctl -qw net.ipv6.conf.ptd0.disable_ipv6=1 net.ipv4.conf.ptd0.rp_filter=1
ip link set ptd0 arp off
# There is no wire between the ends on which checksums would be finished.
in_client ethtool -K eth0 tx off >/dev/null

services="$SERVICE, '$SERVICE6'"
make_config
core_list=$(sed -n 's/^ *cores: //p' "$config")
# ports LINE...: in place of the configuration's
ports() {
	sed -i '/^  ports:/,$d' "$config"
	printf '  ports:\n' >>"$config"
	printf '    %s\n' "$@" >>"$config"
}
# A ring that holds whole crowds of frames: none gets lost before the worker.
ports '- vdev: net_af_packet0,iface=ptd0,framecnt=16384' "  cores: $core_list"

mac_of() {
	ip -j link show "$1" | jq -r ".[].address"
}

has_tap() {
	alive dataplane || fail "ptrd-dataplane stopped"
	ip link show "$TAP" >/dev/null 2>&1
}

no_tap() {
	! ip link show "$TAP" >/dev/null 2>&1
}

# The kernel's side of the adapter is the TAP: there the addresses are.
start_behind_tap() {
	"$build/dataplane/ptrd-dataplane" --config "$config" >>"$dir/dataplane.log" 2>&1 &
	daemons[dataplane]=$!
	disown
	wait_for 60 has_tap
	ip addr add "$SERVICE/24" dev "$TAP"
	ip addr add "$SERVICE6/64" dev "$TAP" nodad
	wait_for 60 dataplane_ready
}

start_control
start_behind_tap
ptrctl region create eu-demo --prefix 203.0.113.0/24 --suffix compute.example.com >/dev/null
ptrctl eip bind 203.0.113.7 >/dev/null

echo "-- the kernel answers from behind the port"
expect "$(mac_of ptd0)" "$(mac_of $TAP)" "the TAP has the port's MAC address"
ip -n client neigh flush dev eth0
for address in "$SERVICE" "$SERVICE6"; do
	in_client ping -c 2 -W 10 "$address" >/dev/null || fail "no ping to $address"
	[[ $(ip -n client neigh show "$address") == *"$(mac_of ptd0)"* ]] ||
		fail "$address is not resolved: $(ip -n client neigh show)"
	echo "ok: $address resolves and answers ping"
done
before=$(readers "$dir" ptr_default | paste -sd' ')
expect "0 0" "$before" "no query yet"
for address in "$SERVICE" "$SERVICE6"; do
	for option in +notcp +tcp; do
		expect ecs-203-0-113-7.compute.example.com. \
			"$(in_client dig "@$address" -x 203.0.113.7 +short $option)" "dig @$address $option"
	done
done
expect "2 2" "$(readers "$dir" ptr_default | paste -sd' ')" "the main lcore answered TCP, the worker UDP"
# Fragments of IPv4 do not get here as such: net_af_packet asks the kernel to put them together before.
in_client odd_queries "$SERVICE" "$SERVICE6" "IPv4 options" "IPv6 hop-by-hop options" \
	"IPv6 destination options" "IPv6 fragments"
expect "6 2" "$(readers "$dir" ptr_default | paste -sd' ')" "options, extension headers and fragments went to the kernel"
read -r out back full < <(readers "$dir" to_kernel from_kernel kernel_full | tail -n 1)
((out > 0 && back > 0)) || fail "not counted: $out to the kernel, $back from it"
expect 0 "$full" "nothing was dropped between port and TAP"

echo "-- frames for other stations"
for address in "$SERVICE" "$SERVICE6"; do
	ip -n client neigh replace "$address" lladdr 02:00:00:00:00:99 dev eth0 nud permanent
	! in_client dig "@$address" -x 203.0.113.7 +short +tries=1 +time=1 >/dev/null || fail "$address answers what is for another"
	ip -n client neigh del "$address" dev eth0
done
expect "6 2" "$(readers "$dir" ptr_default | paste -sd' ')" "neither the worker nor the kernel had queries for another station"

echo "-- queries do not suffer from the rest"
awk 'BEGIN { for (i = 0; i < 100; i++) print "7.113.0.203.in-addr.arpa PTR" }' >"$dir/queries"
in_client ping -q -f -c 2000 "$SERVICE" >"$dir/ping" &
pinging=$!
in_client dnsperf -s "$SERVICE" -d "$dir/queries" -c 4 -n 50 -Q 2000 >"$dir/dnsperf"
wait $pinging || fail "flood ping: $(cat "$dir/ping")"
expect "5000 (100.00%)" "$(sed -n 's/^ *Queries completed: *//p' "$dir/dnsperf")" "5,000 queries beside a flood ping"

echo "-- a crowd of frames for the kernel"
# Addresses of its own tell its answers from those of others.
ip -n client addr add 198.51.100.2/32 dev eth0
ip -n client addr add 2001:db8:53::2/128 dev eth0 nodad
crowd() {
	in_client crowd "$@" eth0 "$(mac_of ptd0)" 198.51.100.2 "$SERVICE" 2001:db8:53::2 "$SERVICE6"
}
stopped() {
	! grep -h ^State: "/proc/${daemons[dataplane]}"/task/*/status | grep -qv 'T (stopped)'
}
all_sent() {
	grep -qs sent "$dir/crowd" || ! kill -0 "$crowd" 2>/dev/null
}
# waiting FILLER: 8,000 frames of the crowd and what is between them wait for the worker
waiting() {
	kill -STOP "${daemons[dataplane]}"
	wait_for 30 stopped
	: >"$dir/crowd"
	crowd "$1" 8000 1 >"$dir/crowd" &
	crowd=$!
	wait_for 60 all_sent
	kill -CONT "${daemons[dataplane]}"
	wait $crowd || fail "lost in the crowd: $(cat "$dir/crowd")"
}
read -r out_before over_before < <(readers "$dir" to_kernel kernel_over | tail -n 1)
waiting strangers
all="queries4=20 queries6=20 arp=20 nd=20 dns_syn=20 dns_ack=20 bgp_ack=20 bgp_ack_near=20"
expect "$all" "$(tail -n 1 "$dir/crowd")" \
	"what matters in 8,000 frames that waited was all answered"
read -r out over < <(readers "$dir" to_kernel kernel_over | tail -n 1)
echo "$((out - out_before)) to the kernel, $((over - over_before)) not"
((over - over_before > 4000)) || fail "over the allowance: $((over - over_before))"
((out - out_before + over - over_before >= 8000)) || fail "neither sent nor counted"

echo "-- crowds that look like what must not be lost"
# The crowd, and what is of its own class.
while read -r crowd_of own; do
	waiting "$crowd_of"
	expect "${all/ $own=20/ $own=0}" "$(tail -n 1 "$dir/crowd")" "8,000 $crowd_of take from nothing but ${own:-the rest}"
done <<-END
	far_nd
	dns_syn dns_syn
	dns_ack dns_ack
	bgp_syn
	bgp_ack bgp_ack
	far_bfd
	multihop_bfd bgp_ack
END

echo "-- and one that keeps coming"
crowd strangers 8000 50 >"$dir/crowd" &
crowd=$!
asked=0
while kill -0 $crowd 2>/dev/null; do
	ip -n client neigh flush dev eth0
	for option in +notcp +tcp; do
		[[ $(in_client dig "@$SERVICE" -x 203.0.113.7 +short $option) == ecs-* ]] || fail "dig $option"
	done
	asked=$((asked + 1))
done
wait $crowd || fail "lost in the crowd: $(tail -n 6 "$dir/crowd")"
expect "${all//=20/=1000}" "$(tail -n 1 "$dir/crowd")" \
	"and in 400,000 that did not wait, beside $asked resolutions and connections"

echo "-- TAPs come and go with the process"
end dataplane
expect "" "$(ip -o link show | grep $TAP || true)" "gone after a clean stop"
start_behind_tap
end dataplane KILL
wait_for 30 no_tap
start_behind_tap
expect ecs-203-0-113-7.compute.example.com. "$(in_client dig "@$SERVICE" -x 203.0.113.7 +short +tcp)" "TCP again after SIGKILL and restart"
end dataplane

# refused TEXT WHAT: the dataplane does not start, and tells TEXT
refused() {
	local status=0
	"$build/dataplane/ptrd-dataplane" --config "$config" >"$dir/refused.log" 2>&1 || status=$?
	expect 1 "$status" "$2"
	grep -qF -- "$1" "$dir/refused.log" || fail "no \"$1\" in: $(cat "$dir/refused.log")"
}

echo "-- what cannot be"
ip link add busy0 type veth peer name busy1
ports '- vdev: net_af_packet0,iface=ptd0' "  cores: $core_list" '  exception_interface: busy0'
refused "cannot make its exception interface busy0" "an interface of that name that is no TAP"
ports '- interface: ptd0' "  cores: $core_list" '  exception: true'
refused "an interface has none" "an exception port for an interface that the kernel has"

echo "-- without one"
ports '- vdev: net_af_packet0,iface=ptd0' "  cores: $core_list" '  exception: false'
"$build/dataplane/ptrd-dataplane" --config "$config" >>"$dir/dataplane.log" 2>&1 &
daemons[dataplane]=$!
disown
ip -n client neigh replace "$SERVICE" lladdr "$(mac_of ptd0)" dev eth0
wait_for 60 dataplane_ready
no_tap || fail "there is a TAP"
in_client ping -c 1 -W 1 "$SERVICE" >/dev/null && fail "somebody answers ping"
(($(readers "$dir" frame_foreign | tail -n 1) > 0)) || fail "the dropped frames are not counted"
echo "ok: queries are answered, the rest is dropped and counted"
