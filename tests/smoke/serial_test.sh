#!/bin/bash
# The SOA serial rises with each change that is published, and with nothing else; negative answers
# carry the smaller of the SOA's TTL and its minimum.

source "$(dirname "$0")/lib.sh"
services="$SERVICE, $SERVICE6"
start_all

readonly ZONE=113.0.203.in-addr.arpa
readonly ZONE6=0.0.1.0.8.b.d.0.1.0.0.2.ip6.arpa

# serial ZONE
serial() {
	in_client dig "@$SERVICE" "$1" SOA +short | awk '{ print $3 }'
}

# rises WHAT COMMAND...: seen in all zones of the region, and nowhere else
rises() {
	local what=$1 zone other before=() after
	shift
	other=$(serial 2.0.192.in-addr.arpa)
	for zone in $ZONE $ZONE6; do
		before+=("$(serial "$zone")")
	done
	"$@" >/dev/null
	for zone in $ZONE $ZONE6; do
		after=$(serial "$zone")
		# RFC 1982: within half of the number space
		((after != before[0] && ((after - before[0]) & 0xffffffff) < 0x80000000)) ||
			fail "$what: serial of $zone from ${before[0]} to $after"
		before=("${before[@]:1}")
	done
	expect "$other" "$(serial 2.0.192.in-addr.arpa)" \
		"$what: the serial rises, and no other region's"
}

stays() {
	local before what=$1
	shift
	before=$(serial $ZONE)
	"$@" >/dev/null 2>&1 || true
	expect "$before" "$(serial $ZONE)" "$what: the serial stays"
}

ptrctl region create eu-demo --prefix 203.0.113.0/24 --prefix 2001:db8:100::/48 \
	--suffix compute.example.com --soa-minimum 300 --soa-ttl 3600 >/dev/null
ptrctl region create lax --prefix 192.0.2.0/24 --suffix example.net --soa-minimum 900 \
	--soa-ttl 60 >/dev/null

for address in 203.0.113.7 2001:db8:100::7; do
	rises "bind $address" ptrctl eip bind $address
	rises "set $address" ptrctl ptr set $address mail.example.org
	rises "change $address" ptrctl ptr set $address mail.example.org --ttl 77
	stays "set $address as it is" ptrctl ptr set $address mail.example.org --ttl 77
	stays "refused change of $address" ptrctl ptr set $address 'not a name'
	rises "unset $address" ptrctl ptr unset $address
	rises "unbind $address" ptrctl eip unbind $address
done
for i in {1..50}; do
	echo "{\"method\":\"eip.bind\",\"params\":{\"address\":\"203.0.113.$i\"}}"
done >"$dir/batch"
rises "a batch" ptrctl batch "$dir/batch"
before=$(serial $ZONE)
end control
start_control
(((($(serial $ZONE) - before) & 0xffffffff) < 0x80000000)) || fail "the serial fell with a restart"
rises "bind after a restart" ptrctl eip bind 203.0.113.99

# negative_ttl WANT NAME TYPE STATUS
negative_ttl() {
	local out got
	out=$(in_client dig "@$SERVICE" "$2" "$3" +noall +comments +authority)
	got=$(awk '/status:/ { sub(",", "", $6); status = $6 }
		$4 == "SOA" { ttl = $2 } END { print status, ttl }' <<<"$out")
	expect "$4 $1" "$got" "TTL of $4 for $2 $3"
}

low=0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0
negative_ttl 300 200.$ZONE PTR NXDOMAIN
negative_ttl 300 1.$ZONE A NOERROR
negative_ttl 300 1.0.0.0.$low.$ZONE6 PTR NXDOMAIN
negative_ttl 300 $ZONE6 PTR NOERROR
negative_ttl 60 1.2.0.192.in-addr.arpa PTR NXDOMAIN
negative_ttl 60 2.0.192.in-addr.arpa PTR NOERROR
