#!/bin/bash
# ptrctl audit, watch and filtered lists on real daemons; a watch goes on over a SIGKILL of the control
# process from where it was, without a hole and without a repeat.

source "$(dirname "$0")/lib.sh"
start_all

revision() {
	ptrctl --json status | sed -E 's/.*"revision":([0-9]+),"generation".*/\1/'
}

# Revisions of a file of changes, one on a line. A line that a kill has cut short is not whole.
revisions() {
	sed -nE 's/^\{"revision":([0-9]+),.*\}$/\1/p' "$@"
}

# Near the end alone: a file may have grown long by the time that it is asked about.
last_seen() {
	tail -n 3 "$1" | revisions | tail -n 1
}

seen() {
	[[ $(last_seen "$1") == "$2" ]]
}

echo "-- lists by what PTRs have, the audit as a table"
ptrctl region create eu-demo --prefix 203.0.113.0/24 --suffix compute.example.com >/dev/null
for i in 1 2 3 4; do
	ptrctl eip bind 203.0.113.$i --project "p$((i % 2))" >/dev/null
	ptrctl call ptr.set "{\"address\":\"203.0.113.$i\",\"names\":[\"h$i.d$((i % 2)).example.org\"],
		\"tags\":[{\"key\":\"a|b\",\"value\":\"v,$i\"}]}" >/dev/null
done
list() {
	ptrctl ptr list "$@" | awk 'NR > 1 { print $1 }' | paste -sd' '
}
expect "203.0.113.1 203.0.113.3" "$(list --name '*.d1.example.org')" "names below one"
expect "203.0.113.2" "$(list --name h2.d0.example.org)" "one name"
expect "203.0.113.3" "$(list --tag 'a|b,v\,3')" "a tag whose key has a bar and whose value a comma"
expect "203.0.113.1" "$(list --tag 'a|b,*1' --tag 'a|b,v\,1' --project p1)" "two tags and a project"
expect "203.0.113.2 203.0.113.3" "$(list --prefix 203.0.113.2/31 --status ACTIVE)" "a prefix"
expect "203.0.113.4" "$(list --offset 3)" "an offset"
expect "" "$(list --status DISABLED)" "none of a detached region"
expect "$(revision) ptr.set 203.0.113.4 p0 default -> p0 h4.d0.example.org. 300" \
	"$(ptrctl audit --limit 1 | awk 'NR == 2' | sed -E 's/ +/ /g; s/ [0-9T:-]+Z [^ ]+ / /')" \
	"a line of the audit"
expect "4" "$(ptrctl audit --action eip.bind | tail -n +2 | wc -l)" "binds in the audit"
expect "2" "$(ptrctl audit --address 203.0.113.4 | tail -n +2 | wc -l)" "changes of one address"

echo "-- a watch sees what is there already, and what comes"
ptrctl --json watch --since 0 >"$dir/first" 2>"$dir/first.err" &
watcher=$!
wait_for 30 seen "$dir/first" "$(revision)"
ptrctl ptr unset 203.0.113.1 >/dev/null
wait_for 30 seen "$dir/first" "$(revision)"

echo "-- and goes on after the control process was killed in the middle of changes"
ptrctl region create load --prefix 198.18.0.0/16 --suffix compute.example.com >/dev/null
for verb in bind unbind; do
	awk -v verb=$verb 'BEGIN { for (i = 0; i < 2000; i++)
		printf "{\"method\":\"eip.%s\",\"params\":{\"address\":\"198.18.%d.%d\"}}\n",
			verb, i / 256, i % 256 }' >"$dir/$verb"
done
# There are changes under way for as long as there is a daemon.
change() {
	while ptrctl batch --each 20 "$dir/bind" && ptrctl batch --each 20 "$dir/unbind"; do
		:
	done
}
change >/dev/null 2>&1 &
load=$!
started=$(revision)
several_changes() {
	local now
	now=$(last_seen "$dir/first")
	((now > started + 500))
}
wait_for 60 several_changes
end control KILL
status=0
wait $watcher || status=$?
expect 3 "$status" "exit status of a watch whose daemon is gone"
wait $load || true
since=$(sed -n 's/^  to go on: ptrctl watch --since //p' "$dir/first.err")
expect "$(last_seen "$dir/first")" "$since" "it says where to go on"
start_control
ptrctl --json watch --since "$since" >"$dir/second" 2>"$dir/second.err" &
watcher=$!
# Wherever the kill has come, one of the two changes something.
ptrctl batch --each 20 "$dir/unbind" >/dev/null 2>&1 || true
ptrctl batch --each 20 "$dir/bind" >/dev/null
wait_for 60 seen "$dir/second" "$(revision)"
kill $watcher
wait $watcher || true
expect "$(seq "$(revision)")" "$(revisions "$dir/first" "$dir/second")" \
	"all $(revision) revisions, each once and in order"
expect "$(ptrctl audit --limit "$(revision)" | tail -n +2 | awk '{ print $1 }' | sort -n)" \
	"$(revisions "$dir/first" "$dir/second")" "those of the audit"

echo "-- what is refused"
status=0
ptrctl watch --since 99999999 2>"$dir/refused" || status=$?
expect "1 1" "$status $(grep -c DNS.0007 "$dir/refused")" "a watch from a revision to come"
status=0
ptrctl audit --since tomorrow 2>"$dir/refused" || status=$?
expect "1 1" "$status $(grep -c 'since: "tomorrow" is not a time' "$dir/refused")" "a time that is none"
