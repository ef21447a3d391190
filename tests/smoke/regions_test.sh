#!/bin/bash
# Regions change as a whole: settings, prefixes that move, deletion, growth. What is acknowledged is
# served, and no query is lost or gets an answer that was never true.

source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/load.sh"
start_all

readonly EIPS=1000

ptrctl region create eu --prefix 198.18.0.0/22 --suffix eu.example >/dev/null
ptrctl region create us --prefix 192.0.2.0/24 --suffix us.example >/dev/null
awk -v n=$EIPS 'BEGIN { for (i = 0; i < n; i++) {
	address = "198.18." int(i / 256) "." i % 256
	params = "\"params\":{\"address\":\"" address "\""
	printf "{\"method\":\"eip.bind\",%s}}\n", params
	if (i % 3 == 0)
		printf "{\"method\":\"ptr.set\",%s,\"names\":[\"h%d.example.org\"]}}\n", params, i
	} }' | ptrctl batch --each 500 -
awk -v n=$EIPS 'BEGIN { for (i = 0; i < n; i++)
	printf "%d.%d.18.198.in-addr.arpa PTR\n", i % 256, int(i / 256) }' >"$dir/queries"

# dig_at ARGUMENTS...: one query, with what the test needs of the reply
dig_at() {
	in_client dig "@$SERVICE" +tries=3 +time=1 "$@"
}

soa() {
	dig_at 1.18.198.in-addr.arpa SOA +short | cut -d' ' -f1,2,4-7
}

echo "-- settings, each served when it is acknowledged"
update() {
	ptrctl region update eu "$@" >/dev/null
}
update --suffix new.example
expect ecs-198-18-1-1.new.example. "$(ask 198.18.1.1)" "another suffix"
expect h0.example.org. "$(ask 198.18.0.0)" "a custom PTR stays"
# shellcheck disable=SC2016 # not the shell's braces
update --default-name 'x-{d}-{c}-{b}-{a}.{suffix}'
expect x-1-1-18-198.new.example. "$(ask 198.18.1.1)" "another template"
update --ttl 77
expect 77 "$(dig_at -x 198.18.1.1 +noall +answer | awk '{ print $2 }')" "another default TTL"
update --soa-mname ns7.example --soa-minimum 9 --soa-refresh 71
expect "ns7.example. hostmaster.eu.example. 71 900 604800 9" "$(soa)" "another SOA"
expect 9 "$(dig_at -x 198.18.3.255 +noall +authority | awk '{ print $2 }')" \
	"another negative TTL"
update --ns ns8.example --ns ns9.example --ns-ttl 5
expect "5 ns8.example. 5 ns9.example." \
	"$(dig_at 1.18.198.in-addr.arpa NS +noall +answer | awk '{ print $2, $5 }' | sort | xargs)" \
	"other name servers"
expect "" "$(ask 198.18.3.255)" "an address without an EIP has no name"
update --unbound default
expect x-255-3-18-198.new.example. "$(ask 198.18.3.255)" "and with another policy has one"
update --unbound nxdomain
expect "" "$(ask 198.18.3.255)" "and none again"
update --prefix 198.18.0.0/22 --prefix 100.64.0.0/24
expect NXDOMAIN "$(dig_at -x 100.64.0.1 | sed -n 's/.*status: \([A-Z]*\).*/\1/p')" \
	"one more prefix"
update --prefix 198.18.0.0/22
expect REFUSED "$(dig_at -x 100.64.0.1 | sed -n 's/.*status: \([A-Z]*\).*/\1/p')" \
	"and gone again"
update --suffix eu.example --default-name 'ecs-{a}-{b}-{c}-{d}.{suffix}'
before=$(ptrctl --json region show eu)
for refused in "--prefix 198.18.0.0/23" "--suffix a..b" "--ttl 0" "--prefix 192.0.2.0/25" \
	"--delegate 198.18.1.64/26=64/26.1.18.198.in-addr.arpa,ns.customer.example"; do
	# shellcheck disable=SC2086 # words
	! ptrctl region update eu $refused 2>/dev/null || fail "accepted: $refused"
done
expect "$before" "$(ptrctl --json region show eu)" "what is refused changes nothing"

# Every reply in the capture names an EIP's custom PTR, or its default in one of the two regions.
check_replies() {
	tcpdump -nn -vv -r "$dir/capture" 2>/dev/null | awk '
		match($0, /[0-9.]+\.in-addr\.arpa\. (\[[^]]*\] )?PTR [^, ]+/) {
			split(substr($0, RSTART, RLENGTH), word, / (\[[^]]*\] )?PTR /)
			split(word[1], octet, ".")
			if (octet[4] != 198 || octet[3] != 18)
				next
			n = octet[2] * 256 + octet[1]
			ecs = "ecs-198-18-" octet[2] "-" octet[1]
			name = word[2]
			if (n % 3 == 0 ? name == "h" n ".example.org." \
				: name == ecs ".eu.example." || name == ecs ".us.example.")
				right++
			else if (wrong++ < 5)
				print "wrong: " word[1] " " name
		}
		END { print right + 0, wrong + 0 }' >"$dir/checked"
	tail -n 1 "$dir/checked"
}

echo "-- a prefix that moves to and fro under load"
start_capture
start_load
moves=0
while ((moves < 16)); do
	for region in us eu; do
		for prefix in 198.18.1.0/24 198.18.2.0/23; do
			ptrctl region move-prefix $prefix $region >/dev/null
			moves=$((moves + 1))
			# The new region's template, and what was set stays.
			[[ $prefix == 198.18.1.0/24 ]] && n=1 || n=2
			got=$(ask "198.18.$n.9" +tries=3) # 256 + 9 and 512 + 9 are no multiples of 3
			[[ $got == "ecs-198-18-$n-9.$region.example." ]] ||
				fail "after the move of $prefix to $region: $got"
			got=$(ask "198.18.$n.$((n == 1 ? 8 : 10))" +tries=3)
			[[ $got == "h$((n == 1 ? 264 : 522)).example.org." ]] ||
				fail "a custom PTR after the move of $prefix to $region: $got"
		done
	done
done
end_load "while prefixes moved $moves times"
end_capture
read -r right wrong < <(check_replies)
((wrong == 0)) || fail "wrong answers: $(cat "$dir/checked")"
((right >= LOAD_RATE)) || fail "only $right replies were seen"
echo "ok: $right replies, none wrong"
expect '["198.18.0.0/22"]' "$(ptrctl --json region show eu | jq -c .prefixes)" \
	"the prefix is whole again"

echo "-- control killed while a large prefix moves"
ptrctl region create big --prefix 10.0.0.0/16 --suffix eu.example >/dev/null
awk 'BEGIN { for (i = 0; i < 40000; i++)
	printf "{\"method\":\"eip.bind\",\"params\":{\"address\":\"10.0.%d.%d\"}}\n", i / 256, i % 256 }' |
	ptrctl batch --each 10000 -
to=us from=big old=0 new=0
# The time that a move takes here and now.
since=${EPOCHREALTIME/./}
ptrctl region move-prefix 10.0.0.0/16 us >/dev/null
ptrctl region move-prefix 10.0.0.0/16 big >/dev/null
readonly MOVE_US=$(((${EPOCHREALTIME/./} - since) / 2))
echo "a move of 40000 EIPs takes $((MOVE_US / 1000)) ms"

# after_kill ACKNOWLEDGED: the prefix is in one of the regions with all that is in it
after_kill() {
	local where suffix=eu.example address
	where=$(ptrctl --json eip show 10.0.1.2 | jq -r .region)
	[[ $1 != 0 || $where == "$to" ]] || fail "the move was acknowledged, and is not there"
	[[ $where == us ]] && suffix=us.example
	[[ $(ptrctl --json region show "$where" | jq .eips) == 40000 ]] ||
		fail "EIPs are missing: $(ptrctl region list)"
	expect '["10.0.0.0/16"]' "$(ptrctl --json region show "$where" |
		jq -c '.prefixes | map(select(startswith("10.")))')" "all of it is in region $where"
	for address in 10.0.0.0 10.0.1.2 10.0.156.63; do
		[[ $(ask $address +tries=3) == "ecs-${address//./-}.$suffix." ]] ||
			fail "$address: $(ask $address)"
	done
	if [[ $where == "$from" ]]; then
		old=$((old + 1))
	else
		new=$((new + 1)) to=$from from=$where
	fi
}

start_load
for percent in 0 20 40 60 70 80 85 90 95 100 105 110 130 200; do
	ptrctl region move-prefix 10.0.0.0/16 "$to" >/dev/null 2>&1 &
	mover=$! status=0
	sleep "$(awk -v us=$MOVE_US -v percent=$percent 'BEGIN { print us * percent / 1e8 }')"
	end control KILL
	wait "$mover" || status=$?
	start_control
	after_kill $status
done
end_load "while control was killed"
ptrctl region move-prefix 10.0.0.0/16 "$to" >/dev/null
end control KILL
start_control
after_kill 0
echo "ok: $old moves had not been made, $new had"

echo "-- deletion"
ptrctl region move-prefix 10.0.0.0/16 big >/dev/null
status=0
ptrctl region delete big 2>"$dir/refused" || status=$?
expect 1 "$status" "a region with EIPs is not deleted"
grep -q '40000 EIPs' "$dir/refused" || fail "$(cat "$dir/refused")"
expect ecs-10-0-1-2.eu.example. "$(ask 10.0.1.2)" "and is served"
ptrctl region delete big --force >/dev/null
expect REFUSED "$(dig_at -x 10.0.1.2 | sed -n 's/.*status: \([A-Z]*\).*/\1/p')" \
	"with force it is, and not served"
expect "eu us" "$(ptrctl --json region list | jq -r '.regions[].name' | xargs)" "and gone"
end control KILL
start_control
expect "eu us" "$(ptrctl --json region list | jq -r '.regions[].name' | xargs)" "for good"

echo "-- growth under load"
ptrctl region update eu --prefix 198.18.0.0/22 --prefix 10.0.0.0/8 >/dev/null
path() {
	ptrctl --json status | jq -r '.regions[] | select(.name == "eu") | .table.path'
}
first=$(path)
start_load
awk 'BEGIN { for (i = 0; i < 60000; i++)
	printf "{\"method\":\"eip.bind\",\"params\":{\"address\":\"10.%d.%d.%d\"}}\n",
		i / 65536, i / 256 % 256, i % 256 }' | ptrctl batch --each 2000 -
[[ $(path) != "$first" ]] || fail "the table has not grown"
expect ecs-10-0-234-95.eu.example. "$(ask 10.0.234.95)" "the last one bound"
end_load "while the table grew"
