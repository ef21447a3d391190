#!/bin/bash
# Every kind of frame that a query can come in, over AF_XDP: of both families, with VLAN tags, with padding,
# with wrong lengths and checksums; and packets that only the kernel can put together.

source "$(dirname "$0")/lib.sh"
make_network
services="$SERVICE, '$SERVICE6'"
make_config
start_control
start_dataplane

ptrctl region create eu-demo --prefix 203.0.113.0/24 --suffix compute.example.com >/dev/null
ptrctl eip bind 203.0.113.7 >/dev/null

# event NAME: of all readers
event() {
	ptrctl --json status | jq ".events.$1"
}

echo "-- frames"
mac=$(ip -j link show ptd0 | jq -r ".[].address")
sent=$(in_client frames eth0 "$mac" "$CLIENT" "$SERVICE" "$CLIENT6" "$SERVICE6") || fail "$sent"
expect "$sent" "short=$(event frame_short) checksum=$(event frame_checksum)" \
	"each broken frame got no reply and was counted: $sent"
expect "0 0" "$(readers "$dir" ptr_default rx | head -n 1)" "the kernel path had none of the frames"
answered=$(readers "$dir" ptr_default | tail -n 1)

echo "-- packets for the kernel"
in_client odd_queries "$SERVICE" "$SERVICE6"
expect "5 5" "$(readers "$dir" ptr_default rx | head -n 1)" "the kernel path answered the five"
expect "$answered" "$(readers "$dir" ptr_default | tail -n 1)" "the worker had none of them"

echo "-- IPv6 over UDP and TCP"
for option in +notcp +tcp; do
	expect ecs-203-0-113-7.compute.example.com. \
		"$(in_client dig "@$SERVICE6" -x 203.0.113.7 +short $option)" "dig $option"
done
in_client ping -c 1 -W 10 "$SERVICE6" >/dev/null || fail "no ping to $SERVICE6"

echo "-- the XDP program"
end dataplane
# Three fragments of each family, and three packets with options.
[[ $(tail -n 1 "$dir/dataplane.log") == *" slow 9 "* ]] ||
	fail "the XDP program did not pass on 9 packets: $(tail -n 1 "$dir/dataplane.log")"
echo "ok: passed on what is the kernel's, and counted it"

# A TAP as the adapter, driven by DPDK: here the driver tells which checksums are wrong.
echo "-- an adapter that verifies checksums"
sed -i '/^  ports:/,$d' "$config"
choose_cores
# shellcheck disable=SC2154 # choose_cores sets it
printf '  ports:\n    - {vdev: "net_tap0,iface=tap0", exception: false, cores: [%s]}\n' "$worker_core" >>"$config"
tap_is_up() {
	alive dataplane || fail "ptrd-dataplane stopped"
	[[ $(ip -o link show tap0 2>/dev/null) == *,UP* ]]
}
"$build/dataplane/ptrd-dataplane" --config "$config" >>"$dir/dataplane.log" 2>&1 &
daemons[dataplane]=$!
disown
wait_for 60 tap_is_up
wait_for 60 grep -q "generation [2-9]" "$dir/dataplane.log"
sent=$(frames tap0 02:00:00:00:00:01 "$CLIENT" "$SERVICE" "$CLIENT6" "$SERVICE6") || fail "$sent"
expect "$sent" "short=$(event frame_short) checksum=$(event frame_checksum)" \
	"each broken frame got no reply and was counted: $sent"
end dataplane
