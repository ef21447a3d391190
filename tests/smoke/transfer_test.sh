#!/bin/bash
# Zone transfers: who gets one, what is in it, and what real secondaries make of it, while records
# change too.

source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/contract.sh"
PATH=$PATH:/usr/sbin
for program in knotd nsd; do
	command -v $program >/dev/null || skip "no $program"
done

readonly LATER=198.51.100.3
services="$SERVICE, $SERVICE6"
dataplane_config="  tcp:
    idle_timeout: 3
  dns:
    allow_transfer: [$ALLOWED, '$ALLOWED6/128']"
start_all
contract_load
ip -n client addr add $LATER/24 dev eth0
mkdir "$dir/zones"
contract_world zones "$dir/zones" >"$dir/zones.list"

# axfr ZONE [OPTION...]: the records, one a line
axfr() {
	in_client dig "@$SERVICE" -b "$ALLOWED" "$1" AXFR +noall +answer +nocmd "${@:2}"
}

# Records as a set, without the serial.
plain() {
	grep -v '^;' | awk 'NF { $1 = tolower($1); $2 = $2 + 0; if ($4 == "SOA") $7 = "*"; print }' |
		LC_ALL=C sort -u
}

# transfers OPTION...: whether dig gets a whole zone. Its output tells no RCODE: the counters do.
transfers() {
	in_client dig "$@" +tries=1 +time=5 | grep -q '^;; XFR size: '
}

# outcome NAME: how often since the start
outcome() {
	ptrctl --json status | jq ".outcomes.$1"
}

# serial ZONE
serial() {
	in_client dig "@$SERVICE" "$1" SOA +short | awk '{ print $3 }'
}

readonly ZONE=113.0.203.in-addr.arpa

echo "-- who may"
for server in $SERVICE $SERVICE6; do
	for query in AXFR IXFR=1; do
		! transfers "@$server" $ZONE $query || fail "anybody gets $query of $server"
	done
done
expect 4 "$(outcome refused_transfer)" "anybody is refused"
transfers "@$SERVICE" -b $ALLOWED $ZONE AXFR || fail "an IPv4 client that may"
transfers "@$SERVICE6" -b $ALLOWED6 $ZONE AXFR || fail "an IPv6 client that may"
expect "2 2" "$(outcome transfer) $(event transfer_done)" "those that may get it"
! transfers "@$SERVICE" -b $ALLOWED example.com AXFR || fail "example.com"
! transfers "@$SERVICE" -b $ALLOWED 7.$ZONE AXFR || fail "no apex"
expect 2 "$(outcome notauth_transfer)" "no zone of ours, and no apex"

echo "-- what: every zone of the contract's world, record by record"
zones=0
while read -r zone file; do
	axfr "$zone" >"$dir/got"
	[[ $(head -n 1 "$dir/got") == "$(tail -n 1 "$dir/got")" &&
		$(grep -c 'IN[[:space:]]SOA' "$dir/got") == 2 ]] || fail "$zone does not begin and end with its SOA"
	expect "$(plain <"$file")" "$(plain <"$dir/got")" "$zone"
	zones=$((zones + 1))
done <"$dir/zones.list"
((zones > 20)) || fail "only $zones zones"

echo "-- IXFR"
now=$(serial $ZONE)
# ixfr SERIAL [OPTION...]: its records
ixfr() {
	in_client dig "@$SERVICE" -b $ALLOWED $ZONE "IXFR=$1" +noall +answer "${@:2}"
}
expect "$now" "$(ixfr "$now" | awk '{ print $7 }')" "current: the SOA alone"
expect "$now" "$(ixfr $((now + 5)) | awk '{ print $7 }')" "newer than ours: the same"
expect "$(plain <"$dir/zones/0.zone")" "$(ixfr $((now - 1)) | plain)" "older: the whole zone"
expect "$now" "$(ixfr $((now - 1)) +notcp | awk '{ print $7 }')" "over UDP: the SOA alone"

echo "-- SIGHUP"
! transfers "@$SERVICE" -b $LATER $ZONE AXFR || fail "$LATER may already"
sed -i "s/allow_transfer: .*/allow_transfer: [$ALLOWED, $LATER\\/32, '$ALLOWED6']/" "$config"
kill -HUP "${daemons[dataplane]}"
wait_for 30 transfers "@$SERVICE" -b $LATER $ZONE AXFR
echo "ok: one more client may"

echo "-- real secondaries"
# Names to compare by: a /24 and its surroundings, and IPv6 names that exist, between, and that do not.
names() {
	local zone i
	for zone in $ZONE 100.51.198.in-addr.arpa 2.0.192.in-addr.arpa; do
		for i in {0..255} 256 07 a.b; do
			echo "$i.$zone"
		done
	done
	awk '$4 == "PTR" { print $1 }' "$dir"/zones/*.zone | sort -u
	awk '$4 == "PTR" && $1 ~ /ip6/ {
		for (name = $1; sub(/^[^.]*\./, "", name) && name != "ip6.arpa.";)
			if (name ~ /8.b.d.0.1.0.0.2.ip6/)
				print name
		# Of the region that answers unbound addresses, IPv6 ones are left out of a transfer.
		sub(/^./, "e", $1)
		if ($1 !~ /2.0.8.b.d.0.1.0.0.2.ip6/)
			print $1
	}' "$dir"/zones/*.zone | sort -u
}
names | awk '{ print $1, "PTR" } NR % 7 == 0 { print $1, "MX" }' >"$dir/names"
awk '{ print $1, "SOA"; print $1, "NS" }' "$dir/zones.list" >>"$dir/names"

# answers SERVER [PORT]: to all of them, status and answer section
answers() {
	in_client dig "@$1" -p "${2:-53}" +noall +comments +question +answer +noedns +tcp +keepopen -f "$dir/names" |
		sed -n 's/.*status: \([A-Z]*\),.*/\1/p; /^;[^;]/p; /^[^;]/p' | tr '\t' ' ' | tr -s ' ' |
		awk '/^[A-Z]+$/ { status = $0; next }
			/^;/ { name = $0; print name, status; next }
			NF { print name, $0 }' | LC_ALL=C sort
}

start_knot() {
	mkdir -p "$dir/knot"
	{
		cat <<-EOF
			server:
			    rundir: "$dir/knot"
			    listen: 127.0.0.1@5301
			database:
			    storage: "$dir/knot"
			log:
			  - target: stderr
			    any: info
			remote:
			  - id: ptrd
			    address: $SERVICE
			    via: $ALLOWED
			template:
			  - id: default
			    master: ptrd
			    zonefile-load: none
			    journal-content: none
			    semantic-checks: on
			zone:
		EOF
		sed 's/^\([^ ]*\) .*/  - domain: "\1"/' "$dir/zones.list"
	} >"$dir/knot.conf"
	in_client knotd -c "$dir/knot.conf" >"$dir/knot.log" 2>&1 &
	disown
}

start_nsd() {
	mkdir -p "$dir/nsd"
	{
		cat <<-EOF
			server:
			    ip-address: 127.0.0.1@5302
			    server-count: 1
			    username: ""
			    zonesdir: "$dir/nsd"
			    database: ""
			    pidfile: "$dir/nsd/pid"
			    xfrdfile: "$dir/nsd/xfrd"
			    xfrdir: "$dir/nsd"
			    zonelistfile: "$dir/nsd/zonelist"
			    refuse-any: no
			    rrl-ratelimit: 0
			    verbosity: 1
			remote-control:
			    control-enable: no
		EOF
		awk -v server="$SERVICE6" -v from="$ALLOWED6" '{
			printf "zone:\n    name: \"%s\"\n    zonefile: \"%d\"\n", $1, NR
			printf "    request-xfr: AXFR %s NOKEY\n    outgoing-interface: %s\n", server, from
		}' "$dir/zones.list"
	} >"$dir/nsd.conf"
	in_client nsd -d -c "$dir/nsd.conf" >"$dir/nsd.log" 2>&1 &
	disown
}

# has_all PORT: the secondary serves every zone
has_all() {
	in_client dig @127.0.0.1 -p "$1" +short +tries=1 +time=2 -f <(awk '{ print $1, "SOA" }' "$dir/zones.list") \
		2>/dev/null | grep -c . | grep -qx "$(wc -l <"$dir/zones.list")"
}

answers "$SERVICE" >"$dir/ours"
(($(wc -l <"$dir/ours") > 1500)) || fail "only $(wc -l <"$dir/ours") answers"
start_knot
wait_for 120 has_all 5301
answers 127.0.0.1 5301 >"$dir/theirs"
expect "" "$(diff "$dir/ours" "$dir/theirs")" "Knot DNS answers all of $(wc -l <"$dir/ours") lines as ptrd does"
start_nsd
wait_for 120 has_all 5302
answers 127.0.0.1 5302 >"$dir/theirs"
expect "" "$(diff "$dir/ours" "$dir/theirs")" "and so does NSD, over IPv6"

echo "-- while records change"
readonly CHURN=16.172.in-addr.arpa
ptrctl region create churn --prefix 172.16.0.0/16 --suffix churn.example.com >/dev/null
for i in {0..39}; do
	jq -nc "{method: \"batch\", id: $i, jsonrpc: \"2.0\", params: {quiet: true, requests: [
		range(500) | {method: \"eip.bind\", params: {address: \"172.16.\(($i * 500 + .) / 250 | floor).\(. % 250)\"}}
	]}}"
done | exchange "$socket" >"$dir/bound"
expect 40 "$(grep -c '"count":500' "$dir/bound")" "20000 EIPs"
# Turn N, all or nothing: 200 of them get the name vN, and of a pair the one is bound and the other is not.
changes() {
	local turn
	for turn in {1..300}; do
		jq -nc "{method: \"batch\", id: $turn, jsonrpc: \"2.0\", params: {quiet: true, requests: ([
			range(200) | {method: \"ptr.set\", params: {
				address: \"172.16.\(. % 80).\(. + 3)\", names: [\"v$turn.example.org\"]}}
		] + [
			{method: \"eip.bind\", params: {address: \"172.16.200.$((turn % 2))\"}},
			{method: \"eip.unbind\", params: {address: \"172.16.200.$((1 - turn % 2))\"}}
		])}}"
	done
}
changes >"$dir/changes"
ptrctl eip bind 172.16.200.0 >/dev/null
aborted=$(event transfer_aborted)
# change_on FILE: its requests, again and again without a pause, until there has been enough
change_on() {
	rm -f "$dir/enough"
	head -n 1 "$1" | exchange "$socket" >"$dir/changed"
	while [[ ! -e $dir/enough ]]; do
		while [[ ! -e $dir/enough ]] && read -r line; do
			echo "$line"
		done < <(tail -n +2 "$1"; head -n 1 "$1")
	done | exchange "$socket" >>"$dir/changed" &
	changing=$!
}
change_on "$dir/changes"
last='' moved=0 seen=0 deadline=$((SECONDS + 120))
while ((moved < 10)); do
	((SECONDS < deadline)) || fail "of $seen transfers only $moved had a serial of their own"
	axfr $CHURN >"$dir/got"
	# Serial, turn, and whether everything is of that turn.
	read -r serial turn rest < <(awk '
		$4 == "SOA" { serial[++soas] = $7; next }
		$4 == "NS" { next }
		$1 ~ /^[01]\.200\./ { pair = pair substr($1, 1, 1); next }
		$5 ~ /^v[0-9]+\.example\.org\.$/ { turn = substr($5, 2) + 0; turns[turn]; named++; next }
		{ bound++ }
		END {
			print serial[1], turn, length(turns), named, bound, pair, soas, serial[2] - serial[1]
		}' "$dir/got")
	[[ $rest == "1 200 19800 $((turn % 2)) 2 0" ]] || fail "serial $serial: turn $turn, $rest"
	[[ $serial == "$last" ]] || moved=$((moved + 1))
	last=$serial seen=$((seen + 1))
done
touch "$dir/enough"
wait $changing
expect "" "$(grep -v '"count":202' "$dir/changed")" "all of $(wc -l <"$dir/changed") turns"
expect "$aborted" "$(event transfer_aborted)" "$seen transfers of $moved serials, each of one turn alone"

# Settings are part of a revision too: in every transfer, and wherever its serial is seen, one suffix.
for turn in {1..40}; do
	jq -nc "{method: \"region.update\", id: $turn, jsonrpc: \"2.0\", params: {name: \"churn\", suffix: \"s$turn.example.com\"}}"
done >"$dir/updates"
change_on "$dir/updates"
: >"$dir/suffixes"
deadline=$((SECONDS + 120))
while (($(sort -u "$dir/suffixes" | wc -l) < 10)); do
	((SECONDS < deadline)) || fail "only $(sort -u "$dir/suffixes" | wc -l) settings were transferred"
	axfr $CHURN | awk '
		$4 == "SOA" { serial = $7 }
		$4 == "PTR" && sub(/^ecs-[0-9-]*\./, "", $5) { suffix[$5] }
		END { for (s in suffix) print serial, s }' >>"$dir/suffixes"
done
touch "$dir/enough"
wait $changing
expect "" "$(grep -v '"suffix":"s[0-9]*.example.com' "$dir/changed")" "all of $(wc -l <"$dir/changed") settings"
sort -u "$dir/suffixes" >"$dir/suffixes.once"
expect "$(awk '{ print $1 }' "$dir/suffixes.once" | uniq)" "$(awk '{ print $1 }' "$dir/suffixes.once")" \
	"$(wc -l <"$dir/suffixes.once") of them were transferred, each with one serial"

echo "-- limits"
readonly WIDE=20.172.in-addr.arpa L60=abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefgh
ptrctl region create wide --prefix 172.20.0.0/16 --suffix $L60.$L60.$L60.example --unbound default >/dev/null
expect 65536 "$(axfr $WIDE | grep -c 'IN[[:space:]]PTR')" "every address of a /16, in 17 MB"
mkfifo "$dir/stuck"
exec 4<>"$dir/stuck"
sed -i 's/^  dns:/&\n    transfers: 4/' "$config"
kill -HUP "${daemons[dataplane]}"
read_twice() {
	(($(grep -c 'dataplane.dns read again' "$dir/dataplane.log") == 2))
}
wait_for 30 read_twice
refused=$(outcome servfail_transfer)
begun=$(outcome transfer) timeouts=$(event tcp_timeout)
for _ in 1 2; do
	axfr $WIDE >"$dir/stuck" 2>&1 &
	disown
done
has_begun() {
	(($(outcome transfer) == begun + 2))
}
wait_for 30 has_begun
! transfers "@$SERVICE" -b $ALLOWED $ZONE AXFR || fail "a third of one client"
expect $((refused + 1)) "$(outcome servfail_transfer)" "one more of a client that has half of them is SERVFAIL"
transfers "@$SERVICE" -b $LATER $ZONE AXFR || fail "another client"
expect "mail.example.org." "$(ask 203.0.113.7 +tcp)" "and other queries are answered"
has_ended() {
	(($(event transfer_aborted) == aborted + 2))
}
wait_for 30 has_ended
expect $((timeouts + 2)) "$(event tcp_timeout)" "clients that do not read are timed out"
exec 4>&-
transfers "@$SERVICE" -b $ALLOWED $ZONE AXFR || fail "no transfer after that"

echo "-- with the dataplane alone"
end control KILL
transfers "@$SERVICE" -b $ALLOWED $ZONE AXFR || fail "no transfer without a control process"
expect 65536 "$(axfr $WIDE | grep -c 'IN[[:space:]]PTR')" "transfers go on"
