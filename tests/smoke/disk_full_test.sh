#!/bin/bash
# A record set at a full disk: refused with the cause, nothing half done, service unharmed.

source "$(dirname "$0")/lib.sh"
mkdir -p "$dir/small"
mount -t tmpfs -o size=4m ptrd-small "$dir/small"
state_dir=$dir/small/state
start_all

ptrctl region create eu-demo --prefix 203.0.113.0/24 --suffix compute.example.com >/dev/null
ptrctl region create us-demo --prefix 192.0.2.0/24 --suffix us.example.com >/dev/null
for i in {0..255}; do
	echo "{\"method\":\"eip.bind\",\"params\":{\"address\":\"203.0.113.$i\"}}"
done | ptrctl batch - >/dev/null

dd if=/dev/zero of="$dir/small/filler" bs=4096 status=none 2>/dev/null &&
	fail "the disk did not fill"
expect 0 "$(stat -f -c %a "$dir/small")" "the disk is full"

# What the store has already allocated may take some changes: each is refused or kept, never in
# between.
refused=
for ((i = 0; i < 4000 && ${#refused} == 0; i++)); do
	status=0
	out=$(ptrctl ptr set "203.0.113.$((i % 256))" "turn$i.example.org" 2>&1) || status=$?
	case $status in
	0) ;;
	1) refused=$out ;;
	*) fail "exit status $status: $out" ;;
	esac
done
[[ $refused == *DNS.0001* ]] || fail "not refused with DNS.0001 in $i changes: $refused"
[[ $refused == *[Ff]ull* || $refused == *"No space"* ]] || fail "the cause is not told: $refused"
i=$((i - 1)) # the refused one
echo "ok: after $i changes: $refused"

# What address $1 has to answer after changes up to $2, not included
answer_before() {
	local turn=$(($2 - 1))
	while ((turn >= 0 && turn % 256 != $1)); do
		turn=$((turn - 1))
	done
	if ((turn >= 0)); then
		echo "turn$turn.example.org."
	else
		echo "ecs-203-0-113-$1.compute.example.com."
	fi
}

address=$((i % 256))
previous=$(answer_before $address $i)
expect "$previous" "$(ask 203.0.113.$address)" "the refused change is not served"
expect "$previous" "$(ptrctl --json eip show 203.0.113.$address |
	jq -r 'if .ptr then .ptr.names[0] else .default_name end')" "nor kept"
full=$(export_store)
for other in 0 1 100 255; do
	expect "$(answer_before $other $i)" "$(ask 203.0.113.$other)" "others are answered: .$other"
done

status=0
for n in {1..250}; do
	printf '{"method":"ptr.set","params":{"address":"203.0.113.%d","names":["%s"]}}\n' \
		"$n" half.example.org
done | ptrctl batch - >/dev/null 2>&1 || status=$?
expect 1 "$status" "a batch is refused too"
expect "$full" "$(export_store)" "and nothing of it is kept"
expect "$(answer_before 1 $i)" "$(ask 203.0.113.1)" "nor served"

for change in "move-prefix 203.0.113.0/25 us-demo" "delete eu-demo --force"; do
	status=0
	# shellcheck disable=SC2086 # words
	ptrctl region $change >/dev/null 2>&1 || status=$?
	expect 1 "$status" "region $change is refused"
	expect "$full" "$(export_store)" "and nothing of it is kept"
	expect "$(answer_before 1 $i)" "$(ask 203.0.113.1)" "nor served"
done

seq 250 | awk 'BEGIN { print "address,names" }
	{ print "203.0.113." $1 ",full.example.org" }' >"$dir/rows.csv"
for verb in import "region load eu-demo"; do
	status=0
	# shellcheck disable=SC2086 # words
	ptrctl $verb "$dir/rows.csv" >"$dir/out" 2>&1 || status=$?
	expect 1 "$status" "$verb is refused"
	grep -q 'DNS.0001.*[Ff]ull' "$dir/out" || fail "the cause is not told: $(cat "$dir/out")"
	expect "$full" "$(export_store)" "and nothing of it is kept"
	expect "$(answer_before 1 $i)" "$(ask 203.0.113.1)" "nor served"
done
expect "" "$(compgen -G "$dir/small/state/import-*" || true)" "nor are its rows"

# Wherever in an import the disk becomes full: all or nothing.
all=$full refusals=0
for ((n = 0; n < 40 && refusals == n; n++)); do
	truncate -s -16K "$dir/small/filler"
	if ptrctl import "$dir/rows.csv" >"$dir/out" 2>&1; then
		all=$(export_store)
		expect full.example.org. "$(ask 203.0.113.1)" "an import with $(((n + 1) * 16)) KiB free"
	else
		grep -q DNS.0001 "$dir/out" || fail "the cause is not told: $(cat "$dir/out")"
		refusals=$((refusals + 1))
		[[ $(export_store) == "$all" ]] || fail "a part is kept with $(((n + 1) * 16)) KiB free"
	fi
done
((refusals > 0 && refusals < n)) || fail "$refusals of $n imports were refused"
echo "ok: $refusals imports that ran out of room kept nothing"

rm "$dir/small/filler"
ptrctl import "$dir/rows.csv" >/dev/null
expect full.example.org. "$(ask 203.0.113.250)" "room again: an import works"
ptrctl ptr set 203.0.113.$address room.example.org >/dev/null
expect room.example.org. "$(ask 203.0.113.$address)" "room again: a change works"

kept=$(export_store)
end control KILL
start_control
expect "$kept" "$(export_store)" "the store is whole after a SIGKILL and restart"
expect room.example.org. "$(ask 203.0.113.$address)" "and served"
