#!/bin/bash
# region.load: 200,000 EIPs are replaced at once, under load. Every answer is wholly of the generation
# before or of the one after, and once one of the new was seen, none of the old is. Killed in the
# middle, client or control process, the old generation stays.

source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/load.sh"
start_all
cd "$dir"

# What each address has in a generation stands in generations.c. Three in four are bound.
readonly ADDRESSES=266668 EIPS=200001
ptrctl region create big --prefix 10.0.0.0/13 --suffix compute.example.com >/dev/null
ptrctl region create other --prefix 192.0.2.0/24 --suffix other.example >/dev/null
ptrctl eip bind 192.0.2.1 >/dev/null

# make_rows GENERATION: as `ptrctl export` writes them, but for the columns that it has besides
make_rows() {
	awk -v g="$1" -v n=$ADDRESSES 'BEGIN {
		print "address,names,ttl"
		for (i = 0; i < n; i++) {
			address = "10." int(i / 65536) "." int(i / 256) % 256 "." i % 256
			kind = (i + g) % 4
			tail = ".g" g ".e" i ".example."
			if (kind == 0)
				print address ",,"
			else if (kind > 1)
				print address ",a" tail " b" tail (kind == 3 ? " c" tail : "") "," g
		} }' >rows.csv
}

awk -v n=$ADDRESSES 'BEGIN { for (i = 0; i < 50000; i++) {
	k = (i * 618033 + 7) % n
	printf "%d.%d.%d.10.in-addr.arpa PTR\n", k % 256, int(k / 256) % 256, int(k / 65536) } }' \
	>queries

# The generation that is served now is this one, and wholly; each checked with one query.
serves() {
	local i kind want
	for i in 0 1 2 3 266664 266665 266666 266667; do
		kind=$(((i + $1) % 4))
		address=10.$((i / 65536)).$((i / 256 % 256)).$((i % 256))
		case $kind in
		0) want=ecs-${address//./-}.compute.example.com. ;;
		1) want= ;;
		*) want=$(printf '%s\n' a b c | head -n $kind | sed "s/$/.g$1.e$i.example./") ;;
		esac
		[[ $(ask $address +tries=3 | sort) == "$want" ]] || fail "$address in generation $1"
	done
}

# The store has just the rows that were made last.
stored() {
	ptrctl export stored.csv --region big 2>/dev/null
	expect "$(md5sum <rows.csv)" "$(cut -d, -f1,4,5 stored.csv | tr -d '\r' | md5sum)" \
		"the store has generation $1 and nothing else"
}

revision() {
	ptrctl --json status | jq .revision
}

no_import() {
	! compgen -G "$dir/state/import-*" >/dev/null
}

# start_load_of GENERATION PERCENT: in the background, for that part of the time that a load takes
start_load_of() {
	make_rows "$1"
	ptrctl region load big rows.csv >loaded 2>/dev/null &
	client=$!
	disown # bash is not to tell of its death
	sleep "$(awk -v us="$took" -v percent="$2" 'BEGIN { print us * percent / 1e8 }')"
}

# settled PERCENT: what a load of the next generation has come to that something was killed in
settled() {
	local which=old
	if [[ $(revision) == "$before" ]]; then
		[[ ! -s loaded ]] || fail "acknowledged, and not there: $(cat loaded)"
		make_rows "$g"
		old=$((old + 1))
	else
		which=new
		g=$((g + 1))
		new=$((new + 1))
	fi
	serves "$g"
	stored "$g, the $which one, after $1 %"
}

echo "-- loads under load"
make_rows 1
ptrctl region load big rows.csv >loaded
cat loaded
serves 1
start_capture
start_load
for g in 2 3 4; do
	make_rows "$g"
	since=${EPOCHREALTIME/./}
	ptrctl region load big rows.csv >loaded
	took=$((${EPOCHREALTIME/./} - since))
	serves "$g"
done
echo "a load takes $((took / 1000)) ms"
end_load "while the region was loaded" NOERROR NXDOMAIN
stored 4
expect "$EIPS" "$(ptrctl --json region show big | jq .eips)" "EIPs"

echo "-- the client killed in the middle"
old=0 new=0
start_load
for percent in 5 15 60; do
	before=$(revision)
	start_load_of $((g + 1)) "$percent"
	kill -KILL $client 2>/dev/null || true
	# The control process may be committing what it was sent.
	wait_for 60 no_import
	settled $percent
done
echo "$old loads had not been made, $new had"
((old > 0)) || fail "each load was done before the client was killed"

echo "-- the control process killed in the middle"
old=0 new=0
for percent in 10 40 65 80 95 110 140; do
	before=$(revision)
	start_load_of $((g + 1)) "$percent"
	end control KILL
	start_control
	no_import || fail "the import has left a file: $(ls state)"
	settled $percent
done
echo "$old loads had not been made, $new had"
((old > 0)) || fail "each load was done before the control process was killed"
end_load "while loads were killed" NOERROR NXDOMAIN

end_capture
generations capture 10.0.0.0 compute.example.com. 1 >runs || fail "wrong answers"
cat runs
expect "$(seq "$g")" "$(cut -d' ' -f1 runs)" "answers of all generations, one after the other"
expect "" "$(awk '$2 == 0' runs)" "and some of each"
expect ecs-192-0-2-1.other.example. "$(ask 192.0.2.1)" "another region is as it was"
