#!/bin/bash
# Response rate limiting: a flood from one client prefix is held to its rate, with slips; who is
# elsewhere, has a cookie or comes over TCP loses nothing.

source "$(dirname "$0")/lib.sh"

readonly RATE=100 SLIP=2 MILLISECONDS=4000

services="$SERVICE, $SERVICE6"
dataplane_config="  dns:
    rate_limit:
      responses_per_second: $RATE
      slip: $SLIP"
start_all
ptrctl region create eu-demo --prefix 203.0.113.0/24 --suffix compute.example.com >/dev/null
ptrctl eip bind 203.0.113.7 >/dev/null

# The floods' prefixes are 198.51.100.0/24 and 2001:db8:53::/56; the guests are outside of them.
readonly GUEST=192.0.2.1 GUEST6=2001:db8:54::1
flooders=() flooders6=()
for i in {2..101}; do
	flooders+=("198.51.100.$((i + 100))")
	flooders6+=("2001:db8:53:$(printf %x "$i")::1")
done
for address in "${flooders[@]}" $GUEST; do
	ip -n client addr add "$address/32" dev eth0
done
for address in "${flooders6[@]}" $GUEST6; do
	ip -n client addr add "$address/128" dev eth0 nodad
done
ip route add $GUEST via "$CLIENT"
ip route add $GUEST6 via "$CLIENT6"
ip route add 2001:db8:53::/56 via "$CLIENT6"

outcome() {
	ptrctl --json status | jq ".outcomes.$1"
}

# flood SERVER GUEST FLOODERS...: also compares what the clients saw with what the node counted
run_flood() {
	local server=$1 guest=$2 slipped dropped
	shift 2
	slipped=$(outcome slipped) dropped=$(outcome drop_limited)
	in_client flood "$server" $RATE $SLIP $MILLISECONDS "$@" "guest:$guest" "cookie:$1" |
		tee "$dir/flood"
	slipped=$(($(outcome slipped) - slipped)) dropped=$(($(outcome drop_limited) - dropped))
	read -r _ sent _ answered _ saw < <(grep ^sent "$dir/flood")
	expect "$saw" "$slipped" "$server: slips counted as they came"
	expect "$sent" "$((answered + slipped + dropped))" \
		"$server: each query answered, slipped or dropped, and counted"
	in_client dig -b "$1" "@$server" -x 203.0.113.7 +tcp +short | grep -q ecs-203-0-113-7 ||
		fail "no answer over TCP"
}

run_flood "$SERVICE" $GUEST "${flooders[@]}"
run_flood "$SERVICE6" $GUEST6 "${flooders6[@]}"
