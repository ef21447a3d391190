#!/bin/bash
# Bulk: a bad row in 100,000, refused and passed over; what is exported makes the same again; zones
# from primary servers; files that are none; Ctrl-C.

source "$(dirname "$0")/lib.sh"
PATH=$PATH:/usr/sbin
for program in knotd nsd script; do
	command -v $program >/dev/null || skip "no $program"
done
start_all

readonly ROWS=100000 BAD=54320
cd "$dir"
ptrctl region create eu-bulk --prefix 10.0.0.0/15 --suffix compute.example.com >/dev/null

# refused STATUS WHAT COMMAND...: that exit status, and nothing changed. What it says is in "says".
refused() {
	local want=$1 what=$2 before status=0
	shift 2
	before=$(revision)
	"$@" >"$dir/out" 2>"$dir/says" || status=$?
	expect "$want $before" "$status $(revision)" "$what"
}

revision() {
	ptrctl --json status | jq .revision
}

figures() {
	ptrctl --json region show "${1:-eu-bulk}" | jq -r '"\(.eips) \(.ptrs)"'
}

says() {
	grep -qF -- "$1" "$dir/says" || fail "does not say '$1': $(cat "$dir/says")"
}

echo "-- one bad row in $ROWS"
awk -v n=$ROWS -v bad=$BAD 'BEGIN {
	print "address,project,id,names,ttl,description,tags"
	for (i = 0; i < n; i++) {
		address = "10." int(i / 65536) "." int(i / 256) % 256 "." i % 256
		if (i % 5 == 4)
			printf "%s,shop,e-%d,,,,\n", address, i
		else
			printf "%s,shop,e-%d,h%d.example.org,%d,\"%s\",%s\n", address, i, i,
				i + 2 == bad ? 0 : 60 + i % 1000, i % 7 ? "" : "one, \"\"two\"\"",
				i % 11 ? "" : "env=prod;owner=a\\;b"
	} }' >rows.csv

refused 1 "stop: nothing has been changed" ptrctl import rows.csv
expect "rows.csv:$BAD: DNS.0506: ttl: 0 is outside 1 to 2147483647
  nothing has been changed" "$(cat says)" "the line is named"
refused 1 "dry run" ptrctl import rows.csv --on-error skip --dry-run
says "rows.csv:$BAD: DNS.0506"
grep -qx "$ROWS rows: $((ROWS - 1)) would be loaded, 1 refused" out || fail "$(cat out)"

status=0
start=$SECONDS
ptrctl import rows.csv --on-error skip >out 2>says || status=$?
expect "1 rows.csv:$BAD: DNS.0506: ttl: 0 is outside 1 to 2147483647" "$status $(cat says)" \
	"skip: the line is named"
expect "$((ROWS - 1)) $((ROWS * 4 / 5 - 1))" "$(figures)" "and the rest is loaded"
cat out
echo "loaded in $((SECONDS - start)) s"
expect h1.example.org. "$(ask 10.0.0.1)" "a custom PTR is answered"
expect ecs-10-0-0-4.compute.example.com. "$(ask 10.0.0.4)" "and a default one"
expect "" "$(ask 10.0.$(((BAD - 2) / 256)).$(((BAD - 2) % 256)))" "and none of the bad row"

sed -i "${BAD}s/,0,/,60,/" rows.csv
ptrctl --json import rows.csv >out
expect "1 $((ROWS - 1)) $ROWS 0" "$(jq -r '"\(.bound) \(.unchanged) \(.accepted) \(.refused)"' out)" \
	"mended: what is there already is not changed"

echo "-- round trips"
ptrctl export all.csv 2>/dev/null
ptrctl export all.jsonl 2>/dev/null
expect $((ROWS + 1)) "$(wc -l <all.csv)" "CSV: a line for each EIP"
expect $ROWS "$(wc -l <all.jsonl)" "JSON lines: one for each EIP"
for form in csv jsonl; do
	refused 0 "$form: importing what is there changes nothing" ptrctl import all.$form
	printf 'address,names\n' >empty.csv
	refused 1 "$form: an empty file does not empty a region" ptrctl region load eu-bulk empty.csv
	says --allow-empty
	ptrctl region load eu-bulk empty.csv --allow-empty >/dev/null
	expect "0 0" "$(figures)" "$form: unless it is to"
	# From a pipe, whose form shows only in how it begins.
	# shellcheck disable=SC2002 # it is a pipe that is wanted
	cat all.$form | ptrctl region load eu-bulk - >/dev/null
	ptrctl export again.csv 2>/dev/null
	ptrctl export again.jsonl 2>/dev/null
	cmp all.csv again.csv || fail "$form: not the same again"
	cmp all.jsonl again.jsonl || fail "$form: not the same again"
	echo "ok: $form: the same again"
done
expect "$(jq -c 'select(.address == "10.0.0.0")' all.jsonl)" \
	'{"address":"10.0.0.0","project":"shop","id":"e-0","names":["h0.example.org."],"ttl":60,"description":"one, \"two\"","tags":[{"key":"env","value":"prod"},{"key":"owner","value":"a;b"}]}' \
	"all of a record"
expect "$((ROWS + 1))" "$(ptrctl export --format csv - 2>/dev/null | wc -l)" "to standard output"
expect 0 "$(ptrctl export --project none --format jsonl 2>/dev/null | wc -l)" "of one project"

ptrctl region create us-bulk --prefix 10.4.0.0/24 --suffix compute.example.com >/dev/null
ptrctl export other.csv --region us-bulk 2>/dev/null
expect 1 "$(wc -l <other.csv)" "of one region"
expect "" "$(find . -name '.*.??????')" "no file is left half done"

echo "-- files that are none"
# A file for each: name, exit status, part of what is said
# Nothing that could be taken for a ZIP archive or the like.
{
	printf x
	head -c 3000000 /dev/urandom | tr -d '\n'
} >urandom.bin
{
	printf x
	head -c 300000 /dev/urandom
} >lines.csv
{
	printf 'address,names\n10.4.0.1,'
	head -c 10000000 /dev/zero | tr '\0' a
	printf '\n10.4.0.2,b\n'
} >long.csv
{
	printf '{"address":"10.4.0.1","names":["'
	head -c 10000000 /dev/zero | tr '\0' a
	printf '"]}\n'
} >long.jsonl
{
	printf '1.0.4.10.in-addr.arpa. 5 PTR '
	head -c 10000000 /dev/zero | tr '\0' a
	printf '\n'
} >long.zone
printf 'address,names\r\n10.4.0.1,"a b\r\n' >quote.csv
printf 'address,names\n10.4.0.1,a\0b\n' >nul.csv
printf '1.0.4.10.in-addr.arpa. 5 PTR a\0b.\n' >nul.zone
: >nothing.zone
while read -r file status says; do
	refused "$status" "$file" ptrctl import "$file"
	[[ -z $says ]] || says "$says"
done <<-'EOF'
	urandom.bin 1
	lines.csv 1 lines.csv:1: DNS.0002:
	long.csv 1 long.csv:2: DNS.0002: the row is longer than 262144 bytes
	long.jsonl 1 long.jsonl:1: DNS.0002: the line is longer than 262144 bytes
	long.zone 1 long.zone:1: DNS.0002: the record is longer than 262144 bytes
	quote.csv 1 quote.csv:2: DNS.0002: a quoted field is not closed
	nul.csv 1 nul.csv:2: DNS.0002: there is a NUL byte
	nul.zone 1 nul.zone:1: DNS.0002: there is a NUL byte
	nothing.zone 0
	nowhere.csv 2 No such file
EOF
refused 1 "garbage, passed over" ptrctl import urandom.bin --on-error skip --format zone
printf '\xef\xbb\xbfaddress,names\r\n10.4.0.1,"a.example b.example"\r\n' >windows.csv
ptrctl import windows.csv >/dev/null
expect "a.example.
b.example." "$(ask 10.4.0.1 | sort)" "a byte order mark and CRLF are no garbage"

echo "-- a zone, out and in again"
printf 'address,names,ttl\n10.4.0.2,,\n10.4.0.255,"a.example b.example",77\n' |
	ptrctl import - >/dev/null
ptrctl export us.zone --region us-bulk 2>/dev/null
ptrctl region load us-bulk us.zone >/dev/null 2>&1
ptrctl export again.zone --region us-bulk 2>/dev/null
expect 5 "$(grep -c ' PTR ' us.zone)" "a record for each name"
expect "$(grep PTR us.zone)" "$(grep PTR again.zone)" "the same answers again"

echo "-- signals and terminals"
# A reader that is given half of a file.
mkfifo pipe
before=$(revision)
ptrctl import - <pipe >out 2>says &
import=$!
exec 3>pipe
head -n 50000 rows.csv >&3
kill -TERM $import
status=0
wait $import || status=$?
exec 3>&-
expect "143 $before" "$status $(revision)" "a signal leaves nothing behind"
says "interrupted: nothing has been changed"
expect "" "$(compgen -G "$dir/state/import-*" || true)" "nor on the disk"

sed 's/,h/,x/' rows.csv >other.csv
script -qec "ptrctl import other.csv --dry-run" /dev/null >terminal </dev/null
grep -q 'import .*[0-9]% .*rows .*/s' terminal || fail "no progress on a terminal: $(cat terminal)"
script -qec "ptrctl import other.csv --dry-run --quiet" /dev/null >terminal </dev/null
expect "" "$(cat terminal)" "no progress where quiet is wanted"
ptrctl import other.csv --dry-run >/dev/null 2>says
expect "" "$(cat says)" "nor without a terminal"

echo "-- from primary servers"
readonly KEY=transfer:hmac-sha256:c2VjcmV0IG9mIHRoZSB0cmFuc2ZlcnM=
readonly ZONE=2.4.10.in-addr.arpa BIG=5.10.in-addr.arpa
ptrctl region create eu-zone --prefix 10.4.2.0/24 --prefix 10.5.0.0/16 \
	--suffix compute.example.com >/dev/null
cat >$ZONE.zone <<-EOF
	\$TTL 1h
	\$ORIGIN $ZONE.
	@ SOA ns1.example.net. hostmaster.example.net. (
		2026010101 ; serial
		7200 3600 1209600 300 )
	@ NS ns1.example.net.
	7 PTR mail.example.org.
	8 60 IN PTR a.example.org.
	7 PTR smtp.example.org.
	9 CNAME 9.customer.example.org.
EOF
{
	# shellcheck disable=SC2016 # no variables of the shell's
	printf '$TTL 300\n$ORIGIN %s.\n@ SOA n. h. 1 2 3 4 5\n@ NS n.\n' $BIG
	awk 'BEGIN { for (i = 0; i < 20000; i++)
		printf "%d.%d PTR host-%d.example.org.\n", i % 256, i / 256, i }'
} >$BIG.zone
serve() {
	mkdir -p primary
	IFS=: read -r key_name key_algorithm key_secret <<<"$KEY"
	cat >knot.conf <<-EOF
		server:
		    rundir: "$dir/primary"
		    listen: 127.0.0.1@5301
		database:
		    storage: "$dir/primary"
		log:
		  - target: stderr
		    any: warning
		key:
		  - id: $key_name
		    algorithm: $key_algorithm
		    secret: $key_secret
		acl:
		  - id: signed
		    key: $key_name
		    action: transfer
		template:
		  - id: default
		    acl: signed
		    zonefile-sync: -1
		    journal-content: none
		    storage: "$dir"
		zone:
		  - domain: $ZONE
		    file: $ZONE.zone
		  - domain: $BIG
		    file: $BIG.zone
	EOF
	knotd -c knot.conf >knot.log 2>&1 &
	# It signs the first, the last and every hundredth message or so.
	cat >nsd.conf <<-EOF
		server:
		    ip-address: 127.0.0.1@5302
		    server-count: 1
		    username: ""
		    zonesdir: "$dir"
		    database: ""
		    pidfile: "$dir/primary/nsd.pid"
		    xfrdfile: "$dir/primary/xfrd"
		    xfrdir: "$dir/primary"
		    zonelistfile: "$dir/primary/zonelist"
		remote-control:
		    control-enable: no
		key:
		    name: $key_name
		    algorithm: $key_algorithm
		    secret: "$key_secret"
		zone:
		    name: $ZONE
		    zonefile: $ZONE.zone
		    provide-xfr: 127.0.0.1 $key_name
		zone:
		    name: $BIG
		    zonefile: $BIG.zone
		    provide-xfr: 127.0.0.1 $key_name
	EOF
	nsd -d -c nsd.conf >nsd.log 2>&1 &
	wait_for 60 serves 5301
	wait_for 60 serves 5302
}
serves() {
	dig @127.0.0.1 -p "$1" $BIG SOA +tries=1 +time=1 +short 2>/dev/null | grep -q .
}
serve

echo "# the key of both" >key
echo "$KEY" >>key
for port in 5301 5302; do
	axfr=(ptrctl import --axfr "127.0.0.1#$port" --zone)
	printf 'address,names\n' | ptrctl region load eu-zone - --allow-empty >/dev/null
	"${axfr[@]}" $ZONE --tsig-file key 2>says
	says "passed over, as they are no PTR records: 1 SOA, 1 NS, 1 CNAME"
	expect "2 2" "$(figures eu-zone)" "a small zone"
	expect "mail.example.org.
smtp.example.org." "$(ask 10.4.2.7 | sort)" "names of one address are one record"
	"${axfr[@]}" $BIG --tsig-file key >out 2>/dev/null
	expect "20002 20002" "$(figures eu-zone)" "a zone of many messages"
	expect host-19999.example.org. "$(ask 10.5.78.31)" "its last record"
	refused 1 "not allowed without a key" "${axfr[@]}" $ZONE
	says "refuses the transfer"
	refused 2 "a key that is none" "${axfr[@]}" $ZONE --tsig "${KEY%=}"
	refused 1 "another secret" "${axfr[@]}" $ZONE --tsig "transfer:hmac-sha256:c2VjcmV0"
	says BADSIG
	refused 1 "another name" "${axfr[@]}" $ZONE --tsig "other:hmac-sha256:c2VjcmV0"
	says BADKEY
	refused 1 "no such zone" "${axfr[@]}" example.org --tsig-file key
	refused 1 "strict: a CNAME is no PTR" "${axfr[@]}" $ZONE --tsig-file key --strict
	says "is CNAME"
done
ptrctl import $BIG.zone --dry-run --strict >out
grep -qx "20000 rows: 20000 would be loaded, 0 refused" out || fail "$(cat out)"
echo "ok: the same from the file"
