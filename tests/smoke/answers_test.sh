#!/bin/bash
# The kinds of answers, seen with the tools that tenants use, over UDP and TCP.

source "$(dirname "$0")/lib.sh"
start_all

# status FLAG.. of a dig answer, and how many records are in each section
head_of() {
	in_client dig "@$SERVICE" +time=5 "$@" | awk '
		/status:/ { sub(",", "", $6); status = $6 }
		/flags:/ && !seen { seen = 1; sub(/.*flags: /, ""); gsub(/;|,/, ""); flags = $0
			sub(/ QUERY.*/, "", flags); match($0, /ANSWER: [0-9]+/)
			answers = substr($0, RSTART + 8, RLENGTH - 8)
			match($0, /AUTHORITY: [0-9]+/)
			authority = substr($0, RSTART + 11, RLENGTH - 11) }
		END { print status, flags, "answers=" answers, "authority=" authority }'
}

# RRs of one section without their spacing
section() {
	in_client dig "@$SERVICE" +time=5 +noall "+$1" "${@:2}" | tr -s '\t ' ' ' | sort
}

ptrctl region create eu-demo --prefix 203.0.113.0/24 --suffix compute.example.com >/dev/null
ptrctl region create lax --prefix 192.0.2.0/24 --suffix example.net --unbound default \
	--default-name 'static.{d}.{c}.{b}.{a}.{suffix}' --ttl 60 >/dev/null
ptrctl eip bind 203.0.113.7 >/dev/null
ptrctl eip bind 203.0.113.8 >/dev/null
ptrctl eip bind 203.0.113.9 >/dev/null
ptrctl eip bind 192.0.2.200 >/dev/null
ptrctl ptr set 203.0.113.8 Mail.Example.ORG www.example.org. --ttl 600 >/dev/null
long=$(printf 'a%.0s' {1..60})
# shellcheck disable=SC2046 # ten names
ptrctl ptr set 203.0.113.9 $(for i in {0..9}; do echo "$i.$long.$long.example.org"; done) >/dev/null

readonly ZONE=113.0.203.in-addr.arpa
for transport in +notcp +tcp; do
	for edns in +noedns +edns=0; do
		how="${transport#+} ${edns#+}"
		q=("$transport" "$edns")
		expect "NOERROR qr aa rd answers=1 authority=0" \
			"$(head_of -x 203.0.113.7 "${q[@]}")" "default PTR, header ($how)"
		expect "7.$ZONE. 300 IN PTR ecs-203-0-113-7.compute.example.com." \
			"$(section answer -x 203.0.113.7 "${q[@]}")" "default PTR ($how)"
		expect "8.$ZONE. 600 IN PTR mail.example.org.
8.$ZONE. 600 IN PTR www.example.org." \
			"$(section answer -x 203.0.113.8 "${q[@]}")" "custom PTR, two names ($how)"
		expect "192.0.2.200 static.200.2.0.192.example.net." \
			"192.0.2.200 $(ask 192.0.2.200 "${q[@]}")" "a region's own template ($how)"
		expect "static.9.2.0.192.example.net." "$(ask 192.0.2.9 "${q[@]}")" \
			"unbound address of a region that answers defaults ($how)"
		expect "NXDOMAIN qr aa rd answers=0 authority=1" \
			"$(head_of -x 203.0.113.10 "${q[@]}")" "unbound address ($how)"
		expect "NXDOMAIN qr aa rd answers=0 authority=1" \
			"$(head_of 07.$ZONE PTR "${q[@]}")" "octet with a leading zero ($how)"
		expect "NXDOMAIN qr aa rd answers=0 authority=1" \
			"$(head_of 1.7.$ZONE PTR "${q[@]}")" "label below an address ($how)"
		expect "NOERROR qr aa rd answers=0 authority=1" \
			"$(head_of 7.$ZONE A "${q[@]}")" "other type ($how)"
		expect "NOERROR qr aa rd answers=0 authority=1" \
			"$(head_of 8.$ZONE TYPE1000 "${q[@]}")" "unknown type ($how)"
		expect "NOERROR qr aa rd answers=1 authority=0" \
			"$(head_of $ZONE SOA "${q[@]}")" "apex SOA ($how)"
		expect "$ZONE. 3600 IN NS ns1.compute.example.com." \
			"$(section answer $ZONE NS "${q[@]}")" "apex NS ($how)"
		expect "NOERROR qr aa rd answers=0 authority=1" \
			"$(head_of $ZONE MX "${q[@]}")" "apex, other type ($how)"
		expect "REFUSED qr rd answers=0 authority=0" \
			"$(head_of -x 198.18.0.1 "${q[@]}")" "no served zone ($how)"
		expect "REFUSED qr rd answers=0 authority=0" \
			"$(head_of -c CH 7.$ZONE PTR "${q[@]}")" "class CH ($how)"
		expect "NOTIMP qr answers=0 authority=0" \
			"$(head_of +opcode=NOTIFY -x 203.0.113.7 "${q[@]}")" "NOTIFY ($how)"
	done
	expect "FORMERR qr rd answers=0 authority=0" \
		"$(head_of +header-only "$transport" +noedns)" "no question (${transport#+})"
	expect "BADVERS qr rd answers=0 authority=0" \
		"$(head_of -x 203.0.113.7 +edns=1 +noednsnegotiation "$transport")" \
		"EDNS version 1 (${transport#+})"
done

negative=$(section authority -x 203.0.113.10)
[[ $negative == "$ZONE. 300 IN SOA ns1.compute.example.com. hostmaster.compute.example.com. "* ]] ||
	fail "NXDOMAIN has not the zone's SOA with its negative TTL: $negative"

echo "-- size"
expect "NOERROR qr aa tc rd answers=0 authority=0" \
	"$(head_of -x 203.0.113.9 +noedns +ignore)" \
	"ten long names do not fit 512 bytes: TC, no part of them"
expect "NOERROR qr aa tc rd answers=0 authority=0" \
	"$(head_of -x 203.0.113.9 +bufsize=4096 +ignore)" "nor our 1232 bytes"
expect 10 "$(ask 203.0.113.9 | grep -c "$long")" "dig comes back over TCP and gets all ten"

echo "-- EDNS"
out=$(in_client dig "@$SERVICE" -x 203.0.113.7 +dnssec +nsid +subnet=10.0.0.0/8)
[[ $out == *"EDNS: version: 0, flags: do; udp: 1232"* ]] || fail "no OPT with DO and our size: $out"
[[ $out != *CLIENT-SUBNET* ]] || fail "an option that we do not know is echoed: $out"

echo "-- 0x20"
expect "7.113.0.203.iN-aDdR.ArPa. 300 IN PTR ecs-203-0-113-7.compute.example.com." \
	"$(section answer 7.113.0.203.iN-aDdR.ArPa PTR)" "letter case is kept"

echo "-- nslookup and host"
for tool in "nslookup -qt=ptr" "nslookup -type=ptr" "nslookup -vc -type=ptr" "host" "host -T"; do
	# shellcheck disable=SC2086 # a tool and its options
	out=$(in_client $tool 203.0.113.8 "$SERVICE")
	[[ $out == *mail.example.org.* && $out == *www.example.org.* ]] || fail "$tool: $out"
	# shellcheck disable=SC2086
	out=$(in_client $tool 203.0.113.10 "$SERVICE" || true)
	[[ $out == *NXDOMAIN* ]] || fail "$tool, unbound: $out"
done

echo "-- changes"
ptrctl ptr unset 203.0.113.8 >/dev/null
expect ecs-203-0-113-8.compute.example.com. "$(ask 203.0.113.8)" "default again after unset"
ptrctl eip unbind 203.0.113.8 >/dev/null
expect "NXDOMAIN qr aa rd answers=0 authority=1" "$(head_of -x 203.0.113.8)" "gone after unbind"
ptrctl region detach eu-demo >/dev/null
expect "REFUSED qr rd answers=0 authority=0" "$(head_of -x 203.0.113.7)" "detached"
ptrctl region attach eu-demo >/dev/null
expect ecs-203-0-113-7.compute.example.com. "$(ask 203.0.113.7)" "attached again"

echo "-- what is not DNS for us stays with the kernel"
in_client ping -c 1 -W 5 "$SERVICE" >/dev/null || fail "no ping"

echo "-- a clean stop"
end dataplane
link=$(ip -d link show ptd0)
[[ $link != *xdp* ]] || fail "the XDP program stayed behind: $link"
