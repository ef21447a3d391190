#!/bin/bash
# A million EIPs, 200,000 of them with custom PTRs, loaded through the socket; then dnsperf over
# all of them: no query lost, no answer but NOERROR, and every answer compared with the store.

source "$(dirname "$0")/lib.sh"
start_all

# What is shown is that nothing gets lost: a rate that leaves a busy machine of two cores room, and no more
# queries on their way than a veth holds while nobody takes them.
readonly EIPS=1000000 SECONDS_OF_LOAD=10 RATE=8000 OUTSTANDING=200

ptrctl region create eu-big --prefix 10.0.0.0/12 --suffix compute.example.com >/dev/null

start=$SECONDS
# Every fifth has a custom PTR, of one to three names.
awk -v n=$EIPS 'BEGIN { for (i = 0; i < n; i++) {
	address = "10." int(i / 65536) "." int(i / 256) % 256 "." i % 256
	params = "\"params\":{\"address\":\"" address "\""
	printf "{\"method\":\"eip.bind\",%s}}\n", params
	if (i % 5)
		continue
	names = "\"host-" i ".customer.example.net\""
	for (k = 1; k <= i / 5 % 3; k++)
		names = names ",\"alias" k "-" i ".example.org\""
	printf "{\"method\":\"ptr.set\",%s,\"names\":[%s],\"ttl\":%d}}\n",
		params, names, 60 + i % 1000 } }' | ptrctl batch --each 20000 -
echo "loaded in $((SECONDS - start)) s"

expect "$EIPS 200000" "$(ptrctl --json region show eu-big | jq -r '"\(.eips) \(.ptrs)"')" \
	"EIPs and PTRs"

start=$SECONDS
ptrctl --json eip list >"$dir/store"
echo "exported in $((SECONDS - start)) s"

# All of them, far from in order.
awk -v n=$EIPS 'BEGIN { for (i = 0; i < n; i++) {
	k = (i * 618033 + 7) % n
	printf "%d.%d.%d.10.in-addr.arpa PTR\n", k % 256, int(k / 256) % 256, int(k / 65536) } }' \
	>"$dir/queries"

# By itself, so that the pid is its own.
ip netns exec client tcpdump -i eth0 -B 65536 --immediate-mode -w "$dir/capture" 'udp src port 53' \
	2>"$dir/tcpdump.log" &
capture=$!
capturing() {
	grep -q 'listening on' "$dir/tcpdump.log"
}
wait_for 10 capturing

in_client dnsperf -s "$SERVICE" -d "$dir/queries" -l $SECONDS_OF_LOAD -Q $RATE \
	-c 8 -q $OUTSTANDING -t 10 >"$dir/dnsperf" 2>&1 ||
	fail "dnsperf: $(cat "$dir/dnsperf")"
cat "$dir/dnsperf"
sent=$(awk '/Queries sent:/ { print $3 }' "$dir/dnsperf")
completed=$(awk '/Queries completed:/ { print $3 }' "$dir/dnsperf")
((sent >= EIPS / 100)) || fail "there was no load"
expect "$sent" "$completed" "no query lost"
expect "NOERROR $sent (100.00%)" "$(sed -n 's/^ *Response codes: *//p' "$dir/dnsperf")" \
	"no answer but NOERROR"

kill -TERM "$capture"
wait "$capture" || true
cat "$dir/tcpdump.log"
# tcpdump may lose some under load: every tenth is what there has to be, and all that there are
# are compared.
check_capture "$dir/capture" "$dir/store" 300 $((completed / 10))
echo "ok: replies are what the store has"
