#!/bin/bash
# TCP as RFC 7766 wants it: pipelined queries in any segmentation, many idle connections, slow
# clients.

source "$(dirname "$0")/lib.sh"

restart_with() {
	dataplane_config="  tcp:
    idle_timeout: $1
    per_client: 1000"
	end dataplane
	make_config
	start_dataplane
}

services="$SERVICE, $SERVICE6"
dataplane_config="  tcp:
    idle_timeout: 600
    per_client: 1000"
start_all
ptrctl region create eu-demo --prefix 203.0.113.0/24 --suffix compute.example.com >/dev/null
for i in {0..255}; do
	echo "{\"method\":\"eip.bind\",\"params\":{\"address\":\"203.0.113.$i\"}}"
done | ptrctl batch -

for server in "$SERVICE" "$SERVICE6"; do
	in_client tcp_split "$server"
done

echo "-- idle connections, fewer from each client than it may have"
# An IPv6 client is a /64.
ip route add 2001:db8:153::/48 via "$CLIENT6"
locals=() locals6=()
for i in {2..6}; do
	ip -n client addr add "198.51.100.$i/24" dev eth0
	ip -n client addr add "2001:db8:153:$i::1/128" dev eth0 nodad
	locals+=("198.51.100.$i")
	locals6+=("2001:db8:153:$i::1")
done
in_client tcp_hold idle "$SERVICE" 2000 "${locals[@]}"
in_client tcp_hold idle "$SERVICE6" 2000 "${locals6[@]}"

echo "-- slow clients"
restart_with 10
for server in "$SERVICE" "$SERVICE6"; do
	in_client tcp_hold trickle "$server"
done
