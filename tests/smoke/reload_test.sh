#!/bin/bash
# SIGHUP: the configuration's dataplane.dns is read again while queries are answered; a broken file changes
# nothing.

source "$(dirname "$0")/lib.sh"
make_network
make_config
readonly base=$dir/base.yaml
cp "$config" "$base"

# configure LINE...: of dataplane.dns
configure() {
	{
		cat "$base"
		printf '  dns:\n'
		printf '    %s\n' "$@"
	} >"$config"
}

# hang_up TEXT: SIGHUP, until the log tells TEXT once more
hang_up() {
	local before
	before=$(grep -cF -- "$1" "$dir/dataplane.log" || true)
	kill -HUP "${daemons[dataplane]}"
	wait_for 30 told_again "$1" "$before"
}

told_again() {
	alive dataplane || fail "ptrd-dataplane stopped"
	(($(grep -cF -- "$1" "$dir/dataplane.log") > $2))
}

# The version that it tells, over UDP and TCP.
version() {
	in_client dig "@$SERVICE" CH TXT version.bind +short +notcp
	in_client dig "@$SERVICE" CH TXT version.bind +short +tcp
}

configure 'version: one' 'nsid: node-1'
# ede: the extended error that an address gets, over UDP and TCP (RFC 8914)
ede() {
	in_client dig "@$SERVICE" -x 192.0.2.1 +notcp | sed -n 's/^; EDE: //p'
	in_client dig "@$SERVICE" -x 192.0.2.1 +tcp | sed -n 's/^; EDE: //p'
}
start_dataplane
expect "14 (Not Ready) 14 (Not Ready)" "$(ede | paste -sd' ')" "before there is a directory"
start_control
has_directory() {
	[[ $(ede | paste -sd' ') == "20 (Not Authoritative) 20 (Not Authoritative)" ]]
}
wait_for 30 has_directory
expect '"one" "one"' "$(version | paste -sd' ')" "as the daemon started"
[[ $(in_client dig "@$SERVICE" -x 192.0.2.1 +nsid) == *'("node-1")'* ]] || fail "no NSID"

configure 'version: two'
hang_up "dataplane.dns read again"
expect '"two" "two"' "$(version | paste -sd' ')" "after SIGHUP, by the worker and by the main lcore"
[[ $(in_client dig "@$SERVICE" -x 192.0.2.1 +nsid) != *NSID* ]] || fail "the NSID is still told"

configure 'version: three' 'rate_limit: {slip: much}'
hang_up "what was read before stays in force"
expect '"two" "two"' "$(version | paste -sd' ')" "a broken file changes nothing"
grep -q "ptrd.yaml:[0-9]*: dataplane.dns.rate_limit.slip: " "$dir/dataplane.log" || fail "the log does not say where it is broken"
rm "$config"
hang_up "what was read before stays in force"
expect '"two" "two"' "$(version | paste -sd' ')" "nor does a missing one"

echo "-- cookies and the rotation of their secrets"
readonly A=000102030405060708090a0b0c0d0e0f B=ffeeddccbbaa99887766554433221100
# cookie_for COOKIE: the one that the server sends back
cookie_for() {
	in_client dig "@$SERVICE" -x 192.0.2.1 "+cookie=$1" | sed -n 's/^; COOKIE: \([0-9a-f]*\).*/\1/p'
}

# cookie_counts: valid and invalid ones, of all readers
cookie_counts() {
	ptrctl --json status | jq -r '"\(.events.cookie_valid) \(.events.cookie_invalid)"'
}

configure "cookie_secrets: [$A]"
hang_up "dataplane.dns read again"
cookie=$(cookie_for 1122334455667788)
expect 48 "${#cookie}" "a server cookie for a client's"
# try VALID INVALID WHAT: what the cookie counts as
try() {
	local valid invalid
	read -r valid invalid < <(cookie_counts)
	cookie_for "$cookie" >/dev/null
	expect "$((valid + $1)) $((invalid + $2))" "$(cookie_counts)" "$3"
}
try 1 0 "it is accepted"
configure "cookie_secrets: [$B, $A]"
hang_up "dataplane.dns read again"
try 1 0 "and while its secret is the previous one"
configure "cookie_secrets: [$B]"
hang_up "dataplane.dns read again"
try 0 1 "and no longer"
configure "cookie_secrets: []"
hang_up "dataplane.dns read again"
expect "" "$(cookie_for 1122334455667788)" "an empty list: no cookies"
configure "id: node-1"
hang_up "dataplane.dns read again"
# chaos TYPE: what id.server has of it, over UDP and TCP
chaos() {
	in_client dig "@$SERVICE" CH "$1" id.server +notcp
	in_client dig "@$SERVICE" CH "$1" id.server +tcp
}
expect '2 "node-1"' "$(chaos TXT | sed -n 's/^id.server\.\t*0\tCH\tTXT\t//p' | uniq -c | sed 's/^ *//')" \
	"id.server"
expect 2 "$(chaos ANY | grep -c 'status: REFUSED')" "id.server, type ANY"
cookie=$(cookie_for 1122334455667788)
expect 48 "${#cookie}" "no list: a secret of the node's own"
hang_up "dataplane.dns read again"
try 1 0 "which outlives a SIGHUP"

echo "-- rate limiters that find no memory"
readonly RATE_LIMIT="rate_limit: {responses_per_second: 1000, buckets: "
configure "version: small" "${RATE_LIMIT}1024}"
hang_up "dataplane.dns read again"
data=$(awk '/^VmData:/ { print ($2 + 32768) * 1024 }' "/proc/${daemons[dataplane]}/status")
prlimit --pid "${daemons[dataplane]}" --data="$data:"
configure "version: large" "${RATE_LIMIT}4194304}"
hang_up "what was read before stays in force"
grep -q "dataplane.dns.rate_limit.buckets: 4194304 for each of 2 readers take 128 MiB: Cannot allocate memory" \
	"$dir/dataplane.log" || fail "the log does not say what there is no memory for"
expect '"small" "small"' "$(version | paste -sd' ')" "no memory changes nothing"
prlimit --pid "${daemons[dataplane]}" --data=unlimited:
hang_up "dataplane.dns read again"
expect '"large" "large"' "$(version | paste -sd' ')" "until there is some"
resident=$(awk '/^VmRSS:/ { print $2 }' "/proc/${daemons[dataplane]}/status")
configure "version: larger" "${RATE_LIMIT}8388608}"
hang_up "dataplane.dns read again"
grown=$(($(awk '/^VmRSS:/ { print $2 }' "/proc/${daemons[dataplane]}/status") - resident))
((grown < 65536)) || fail "limiters of 256 MiB that nobody uses take $grown KiB"

echo "-- under load"
awk 'BEGIN { for (i = 0; i < 100; i++) print "7.113.0.203.in-addr.arpa PTR" }' >"$dir/queries"
in_client dnsperf -s "$SERVICE" -d "$dir/queries" -c 4 -n 60 -Q 2000 >"$dir/dnsperf" &
load=$!
for turn in {1..10}; do
	configure "version: turn$turn" "rate_limit: {responses_per_second: $((100000 * (turn % 2))), buckets: 1024}"
	hang_up "dataplane.dns read again"
done
wait $load || fail "dnsperf: $(cat "$dir/dnsperf")"
expect "6000 (100.00%)" "$(sed -n 's/^ *Queries completed: *//p' "$dir/dnsperf")" "no query lost by ten reloads"

echo "-- a start without memory for the rate limiters"
end dataplane
configure "${RATE_LIMIT}8388608}"
if prlimit --data=$((128 * 1024 * 1024)) "$build/dataplane/ptrd-dataplane" --config "$config" \
	>"$dir/start.log" 2>&1; then
	fail "it starts"
fi
grep -q "dataplane.dns.rate_limit.buckets: 8388608 for each of 2 readers take 256 MiB: Cannot allocate memory" \
	"$dir/start.log" || fail "it does not say why it does not start"
