#!/bin/bash
# One change of one of a million records: how soon it is seen in an answer. Beside Knot DNS, which has
# the same records in a zone and gets the same changes as dynamic updates.

source "$(dirname "$0")/lib.sh"

count=$(scaled 1000000)
readonly count CHANGES=50 KNOT=198.51.100.54 zone=$work/zone
[[ -e $zone ]] || make_zone loaded "$count" >"$zone"

import_all() {
	ptrctl --json import --format zone "$zone" >/dev/null
}

knot_answers() {
	in_client dig "@$KNOT" -x 10.0.0.1 +tries=1 +time=1 +short 2>/dev/null | grep -q .
}

# Its defaults, a journal on the same disk among them; one server thread, on the core of ours.
start_knot() {
	local state=$work/knot
	rm -rf "$state"
	mkdir -p "$state"
	cp "$zone" "$state/zone"
	cat >"$dir/knot.conf" <<-EOF
		server:
		    rundir: "$dir"
		    listen: $KNOT@53
		    udp-workers: 1
		    tcp-workers: 1
		    background-workers: 1
		database:
		    storage: "$state"
		log:
		  - target: stderr
		    any: warning
		acl:
		  - id: client
		    address: $CLIENT
		    action: update
		zone:
		  - domain: 10.in-addr.arpa
		    storage: "$state"
		    file: zone
		    zonefile-sync: -1
		    acl: client
	EOF
	ip addr add "$KNOT/24" dev ptd0
	knotd -c "$dir/knot.conf" >"$dir/knot.log" 2>&1 &
	daemons[knot]=$!
	disown
	wait_for 120 knot_answers
	pin "${daemons[knot]}" "$server_core"
}

make_network
prepare import_all
copy_prepared
start_pinned_control
start_dataplane
prefer "${daemons[dataplane]}"
start_knot

# One after the other, never two at a time: the client may have the servers' core.
on "$server_core" ip netns exec client \
	control_served "$socket" "$SERVICE" "$KNOT" "$state_dir" "$count" $CHANGES >"$dir/served"
read -r ours fsync knot <"$dir/served"
record control.served_total_ms "$ours"
record control.served_fsync_ms "$fsync"
record control.served_ms "$(awk '{ print $1 - $2 }' "$dir/served")"
record control.served_knot_ms "$knot"
record control.served_ratio_knot "$(awk '{ print $3 / $1 }' "$dir/served")"
