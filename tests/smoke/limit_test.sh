#!/bin/bash
# Response rate limiting: a flood from one client prefix is held to its rate, with slips; who is
# elsewhere, has a cookie, gets one by BADCOOKIE or comes over TCP loses nothing. By a worker and by
# the main lcore, over IPv4 and IPv6; and a SIGHUP that leaves the rate alone gives nobody a new one.

source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/contract.sh"

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

# run_flood fast|slow SERVER GUEST FLOODERS...: also compares what the clients saw with what the node
# counted
run_flood() {
	local path=$1 server=$2 guest=$3 slipped dropped badcookie kernel
	shift 3
	slipped=$(outcome slipped) dropped=$(outcome drop_limited) badcookie=$(outcome badcookie)
	kernel=$(kernel_datagrams)
	in_client flood "$path" "$server" $RATE $SLIP $MILLISECONDS "$@" "guest:$guest" \
		"cookie:$1" "new:$2" | tee "$dir/flood"
	slipped=$(($(outcome slipped) - slipped)) dropped=$(($(outcome drop_limited) - dropped))
	badcookie=$(($(outcome badcookie) - badcookie)) kernel=$(($(kernel_datagrams) - kernel))
	read -r _ sent _ answered _ saw < <(grep ^sent "$dir/flood")
	read -r _ _ asked _ early _ demanded < <(grep ^before "$dir/flood")
	expect "$saw" "$slipped" "$path $server: slips counted as they came"
	expect "$demanded" "$badcookie" "$path $server: and BADCOOKIE"
	expect "$((sent + asked))" "$((answered + early + slipped + badcookie + dropped))" \
		"$path $server: each query answered, slipped or dropped, and counted"
	case $path in
	fast) ((kernel == 0)) ;;
	slow) ((kernel > sent)) ;;
	esac || fail "$path: the kernel took $kernel datagrams"
	in_client dig -b "$1" "@$server" -x 203.0.113.7 +tcp +short | grep -q ecs-203-0-113-7 ||
		fail "no answer over TCP"
}

for path in fast slow; do
	run_flood $path "$SERVICE" $GUEST "${flooders[@]}"
	run_flood $path "$SERVICE6" $GUEST6 "${flooders6[@]}"
done

echo "-- under SIGHUP"
# read_again COUNT: times since the start, and more
read_again() {
	(($(grep -c "dataplane.dns read again" "$dir/dataplane.log") >= $1))
}
run_flood fast "$SERVICE" $GUEST "${flooders[@]}" &
flood=$!
for turn in {1..20}; do
	kill -0 $flood 2>/dev/null || break
	sed -i '/^    version:/d' "$config"
	echo "    version: turn$turn" >>"$config"
	kill -HUP "${daemons[dataplane]}"
	wait_for 30 read_again "$turn"
	sleep 0.1
done
wait $flood || fail "a SIGHUP that leaves rate_limit alone gave the flood a new rate"
((turn > 10)) || fail "only $turn reloads during the flood"
