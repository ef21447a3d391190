#!/bin/bash
# Default names of IPv4 and IPv6 addresses from three templates each; and a resolver that minimises
# names (Unbound), for which names between a zone's apex and its addresses have to exist.

source "$(dirname "$0")/lib.sh"
PATH=$PATH:/usr/sbin
command -v unbound >/dev/null || skip "no unbound"
services="$SERVICE, $SERVICE6"
start_all

create() {
	local name=$1 prefix=$2 prefix6=$3
	shift 3
	ptrctl region create "$name" --prefix "$prefix" --prefix "$prefix6" \
		--suffix "$name.example.com" "$@" >/dev/null
}

create usual 203.0.113.0/24 2001:db8:100::/48
create static 192.0.2.0/24 2001:db8:200::/48 --default-name 'static.{d}.{c}.{b}.{a}.{suffix}' \
	--default-name6 'v6-{reverse}.{suffix}'
create plain 80.158.0.0/16 2a0a:4::/30 --default-name '{address}.{suffix}' \
	--default-name6 '{address}.static.{suffix}' --unbound default

# address, default name
readonly NAMES="203.0.113.7 ecs-203-0-113-7.usual.example.com.
203.0.113.255 ecs-203-0-113-255.usual.example.com.
2001:db8:100::7 ecs-2001-0db8-0100-0000-0000-0000-0000-0007.usual.example.com.
2001:db8:100:fedc:ba98:7654:3210:abcd ecs-2001-0db8-0100-fedc-ba98-7654-3210-abcd.usual.example.com.
192.0.2.0 static.0.2.0.192.static.example.com.
192.0.2.99 static.99.2.0.192.static.example.com.
2001:db8:200::1:2 v6-0002-0001-0000-0000-0000-0200-0db8-2001.static.example.com.
80.158.4.2 80-158-4-2.plain.example.com.
2a0a:7::ff 2a0a-0007-0000-0000-0000-0000-0000-00ff.static.plain.example.com."
# not bound, in the region that names those, too
readonly UNBOUND_NAMES="80.158.200.100 80-158-200-100.plain.example.com.
2a0a:5:1::1 2a0a-0005-0001-0000-0000-0000-0000-0001.static.plain.example.com."
readonly CUSTOM="203.0.113.9 mail.example.org.
2001:db8:100::9 mail.example.org."

while read -r address _; do
	ptrctl eip bind "$address" >/dev/null
done <<<"$NAMES
$CUSTOM"
while read -r address name; do
	ptrctl ptr set "$address" "$name" >/dev/null
done <<<"$CUSTOM"

# expect_names SERVER HOW DIG-OPTIONS...
expect_names() {
	local server=$1 how=$2 address name
	shift 2
	while read -r address name; do
		expect "$name" "$(in_client dig "@$server" -x "$address" +short "$@")" \
			"$address, $how"
	done <<<"$NAMES
$UNBOUND_NAMES
$CUSTOM"
}

expect_names "$SERVICE" "over IPv4"
expect_names "$SERVICE6" "over IPv6"
expect_names "$SERVICE6" "over TCP" +tcp

echo "-- through Unbound, which minimises names"
mkdir "$dir/unbound"
zones=(113.0.203.in-addr.arpa 2.0.192.in-addr.arpa 158.80.in-addr.arpa
	0.0.1.0.8.b.d.0.1.0.0.2.ip6.arpa 0.0.2.0.8.b.d.0.1.0.0.2.ip6.arpa
	{4,5,6,7}.0.0.0.a.0.a.2.ip6.arpa)
{
	# It answers for addresses of documentation itself, unless it is told not to.
	cat <<-EOF
		server:
		    directory: "$dir/unbound"
		    chroot: ""
		    username: ""
		    pidfile: "$dir/unbound/pid"
		    use-syslog: no
		    interface: 127.0.0.1
		    interface: ::1
		    num-threads: 1
		    do-daemonize: no
		    module-config: "iterator"
		    qname-minimisation: yes
		    qname-minimisation-strict: yes
		    unblock-lan-zones: yes
	EOF
	printf 'remote-control:\n    control-enable: no\n'
	for zone in "${zones[@]}"; do
		printf 'stub-zone:\n    name: "%s."\n' "$zone"
		printf '    stub-addr: %s\n' "$SERVICE" "$SERVICE6"
	done
} >"$dir/unbound.conf"
in_client unbound -d -c "$dir/unbound.conf" >"$dir/unbound.log" 2>&1 &
disown
resolver_ready() {
	in_client dig @127.0.0.1 version.server CH TXT +tries=1 +time=1 >/dev/null
}
wait_for 60 resolver_ready

outcome() {
	ptrctl --json status | jq ".outcomes.$1"
}

nodata=$(outcome nodata)
expect_names 127.0.0.1 "by Unbound" +time=30 +tries=1
expect NXDOMAIN "$(in_client dig @127.0.0.1 -x 203.0.113.200 +time=30 |
	sed -n 's/.*status: \([A-Z]*\),.*/\1/p')" "unbound address, by Unbound"
expect NXDOMAIN "$(in_client dig @127.0.0.1 -x 2001:db8:100::dead +time=30 |
	sed -n 's/.*status: \([A-Z]*\),.*/\1/p')" "unbound IPv6 address, by Unbound"
# The names between are what it asked for first.
(($(outcome nodata) - nodata >= 10)) ||
	fail "Unbound asked for no name in between: it does not minimise"
