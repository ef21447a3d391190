#!/bin/bash
# Every kind of frame that a query can come in, over AF_XDP: of both families, with VLAN tags, with padding,
# with wrong lengths and checksums; and packets that only the kernel can put together.

source "$(dirname "$0")/lib.sh"
make_network
services="$SERVICE, '$SERVICE6'"
make_config
# VLAN features of ptd0 that are on
tag_features() {
	ethtool -k ptd0 | sed -n 's/^ *\(rx-vlan-offload\|rx-vlan-stag-hw-parse\): on$/\1/p' | paste -sd' '
}
expect "rx-vlan-offload rx-vlan-stag-hw-parse" "$(tag_features)" "the interface takes VLAN tags off before"
others=$(ethtool -k ptd0 | grep -v 'rx-vlan-\(offload\|stag-hw-parse\)')
start_control
start_dataplane
expect "" "$(tag_features)" "it leaves them in frames while the dataplane runs"
expect "$others" "$(ethtool -k ptd0 | grep -v 'rx-vlan-\(offload\|stag-hw-parse\)')" "all other features are as they were"

ptrctl region create eu-demo --prefix 203.0.113.0/24 --suffix compute.example.com >/dev/null
ptrctl eip bind 203.0.113.7 >/dev/null

# event NAME: of all readers
event() {
	ptrctl --json status | jq ".events.$1"
}

# A query of the start may have come before the XDP program took any.
before=$(readers "$dir" rx | head -n 1)
echo "-- frames"
mac=$(ip -j link show ptd0 | jq -r ".[].address")
sent=$(in_client frames eth0 "$mac" "$CLIENT" "$SERVICE" "$CLIENT6" "$SERVICE6") || fail "$sent"
expect "$sent" "short=$(event frame_short) checksum=$(event frame_checksum)" \
	"each broken frame got no reply and was counted: $sent"
expect "0 $before" "$(readers "$dir" ptr_default rx | head -n 1)" "the kernel path had none of the frames"
answered=$(readers "$dir" ptr_default | tail -n 1)

echo "-- packets for the kernel"
in_client odd_queries "$SERVICE" "$SERVICE6"
expect "5 $((before + 5))" "$(readers "$dir" ptr_default rx | head -n 1)" "the kernel path answered the five"
expect "$answered" "$(readers "$dir" ptr_default | tail -n 1)" "the worker had none of them"

echo "-- IPv6 over UDP and TCP"
for option in +notcp +tcp; do
	expect ecs-203-0-113-7.compute.example.com. \
		"$(in_client dig "@$SERVICE6" -x 203.0.113.7 +short $option)" "dig $option"
done
in_client ping -c 1 -W 10 "$SERVICE6" >/dev/null || fail "no ping to $SERVICE6"

echo "-- frames for other stations"
ptr_default() {
	readers "$dir" ptr_default | tail -n 1
}
# to MAC: queries of both families; answered or not
queries_to() {
	local address
	for address in "$SERVICE" "$SERVICE6"; do
		ip -n client neigh replace "$address" lladdr "$1" dev eth0 nud permanent
		in_client dig "@$address" -x 203.0.113.7 +short +tries=1 +time=1 || true
	done
}
# A veth brings its peer's frames whomever they are for, as a promiscuous interface does.
before=$(ptr_default)
[[ $(queries_to 02:00:00:00:00:99) != *ecs-* ]] || fail "an answer to what is for another station"
expect "$before" "$(ptr_default)" "no worker had queries for another station"
answered_by_worker() {
	local before
	before=$(ptr_default)
	queries_to "$1" >/dev/null
	(($(ptr_default) == before + 2))
}
ip link set ptd0 address 02:00:00:00:00:98
wait_for 30 answered_by_worker 02:00:00:00:00:98
before=$(ptr_default)
queries_to "$mac" >/dev/null
expect "$before" "$(ptr_default)" "a new MAC address at run time is taken over, in the old one's place"
# A macvlan has an address of its own on the interface: its queries stay the kernel's.
ip link add ptd0v link ptd0 address 02:00:00:00:00:97 type macvlan
ip link set ptd0v up
macvlan_answers() {
	[[ $(queries_to 02:00:00:00:00:97 | grep -c ecs-) == 2 ]]
}
wait_for 30 macvlan_answers # its link comes up in its own time
expect "ecs-203-0-113-7.compute.example.com. 2" "$(queries_to 02:00:00:00:00:97 | sort | uniq -c | awk '{ print $2, $1 }')" \
	"queries for a macvlan's address are answered"
expect "$before" "$(ptr_default)" "by the kernel path"
ip link del ptd0v
ip -n client neigh flush dev eth0 nud permanent

echo "-- the XDP program"
end dataplane
expect "rx-vlan-offload rx-vlan-stag-hw-parse" "$(tag_features)" "VLAN features are on again after a clean stop"
# Three fragments of each family, and three packets with options.
[[ $(tail -n 1 "$dir/dataplane.log") == *" slow 9 "* ]] ||
	fail "the XDP program did not pass on 9 packets: $(tail -n 1 "$dir/dataplane.log")"
strange=$(sed -n 's/.* strange \([0-9]*\) .*/\1/p' "$dir/dataplane.log")
((strange >= 6)) || fail "the XDP program counted $strange queries for other stations"
echo "ok: passed on what is the kernel's, and counted it"

ethtool -K ptd0 rxvlan off >/dev/null
start_dataplane
end dataplane
expect "rx-vlan-stag-hw-parse" "$(tag_features)" "what was off before stays off"

# A TAP as the adapter, driven by DPDK: here the driver tells which checksums are wrong.
echo "-- an adapter that verifies checksums"
sed -i '/^  ports:/,$d' "$config"
choose_cores
# shellcheck disable=SC2154 # choose_cores sets it
printf '  ports:\n    - {vdev: "net_tap0,iface=tap0,mac=02:00:00:00:00:01", exception: false, cores: [%s]}\n' "$worker_core" >>"$config"
tap_is_up() {
	alive dataplane || fail "ptrd-dataplane stopped"
	[[ $(ip -o link show tap0 2>/dev/null) == *,UP* ]]
}
"$build/dataplane/ptrd-dataplane" --config "$config" >>"$dir/dataplane.log" 2>&1 &
daemons[dataplane]=$!
disown
wait_for 60 tap_is_up
ip link set tap0 address 02:00:00:00:00:02 # the peer's end
wait_for 60 grep -q "generation [2-9]" "$dir/dataplane.log"
sent=$(frames tap0 02:00:00:00:00:01 "$CLIENT" "$SERVICE" "$CLIENT6" "$SERVICE6") || fail "$sent"
expect "$sent" "short=$(event frame_short) checksum=$(event frame_checksum)" \
	"each broken frame got no reply and was counted: $sent"
end dataplane
