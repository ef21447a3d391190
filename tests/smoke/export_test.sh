#!/bin/bash
# Zones as they are exported, loaded by Knot DNS and NSD unchanged: they answer the contract's
# queries as ptrd does, but for the differences that are listed with their reasons.

source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/contract.sh"
PATH=$PATH:/usr/sbin
for program in knotd knotc nsd nsd-checkzone; do
	command -v $program >/dev/null || skip "no $program"
done
contract_config
start_all
contract_load

mkdir "$dir/zones" "$dir/knot" "$dir/nsd"
ptrctl export --format zone --dir "$dir/zones"

# What has to be there, and that it is: made by the test's own hand.
mkdir "$dir/expected"
contract_world zones "$dir/expected" | awk '{ print $1 }' | sort >"$dir/expected.list"
for file in "$dir"/zones/*.zone; do
	# shellcheck disable=SC2016 # no variable of the shell's
	zone=$(sed -n 's/^\$ORIGIN //p' "$file")
	echo "$zone $file"
	nsd-checkzone "$zone" "$file" >/dev/null || fail "NSD refuses $file"
done >"$dir/zones.list"
expect "$(cat "$dir/expected.list")" "$(awk '{ print $1 }' "$dir/zones.list" | sort)" "every zone"
expect "" "$(find "$dir/zones" -name '.*' -type f)" "no file is left half done"

# Record by record: as NSD reads a zone's file, one record on a line and without the serial.
records() {
	local zone file
	while read -r zone file; do
		nsd-checkzone -p "$zone" "$file" 2>/dev/null
	done | sed -z 's/(\n[[:space:]]*[0-9]* /( 0 /g' | grep -v '^zone ' | sort
}
records <"$dir/zones.list" >"$dir/records"
contract_world zones "$dir/expected" | records >"$dir/expected.records"
diff "$dir/expected.records" "$dir/records" >"$dir/difference" ||
	fail "the records differ: $(head -n 20 "$dir/difference")"
echo "ok: the same records as the world's"

# One of them, to standard output.
zone=113.0.203.in-addr.arpa
expect "$(cat "$dir/zones/$zone.zone")" "$(ptrctl export --zone $zone 2>/dev/null)" "one zone"
status=0
ptrctl export --format zone >"$dir/out" 2>"$dir/says" || status=$?
expect "2 0" "$status $(wc -c <"$dir/out")" "several zones make no single file"
status=0
ptrctl export --zone 9.9.9.in-addr.arpa 2>"$dir/says" || status=$?
expect 2 "$status" "no such zone"

ip addr add "$KNOT/24" dev ptd0
ip addr add "$NSD/24" dev ptd0
start_knot
start_nsd
wait_for 60 answers "$KNOT"
wait_for 60 answers "$NSD"
knotc -c "$dir/knot.conf" zone-check 2>&1 | tee "$dir/zone-check"
! grep -qiE 'error|warning' "$dir/zone-check" || fail "Knot DNS complains"
in_client contract_peers "$SERVICE" "knot=$KNOT" "nsd=$NSD"
