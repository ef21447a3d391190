#!/bin/bash
# SIGKILL of either daemon: queries go on being answered, and nothing acknowledged is lost.

source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/load.sh"
start_all

# PTRD_SEED=N repeats the choices of a run that has failed, PTRD_KILLS=N makes it longer.
readonly EIPS=1000 KILLS=${PTRD_KILLS:-200} SEED=${PTRD_SEED:-$RANDOM}

echo "-- control killed $KILLS times in streams of mixed changes, seed $SEED"
end control
in_client kill_changes "$socket" "$SERVICE" "$KILLS" "$SEED" \
	"$build/control/ptrd-control" --config "$config" 2>>"$dir/control.log" ||
	fail "PTRD_SEED=$SEED makes the same choices again"
start_control

ptrctl region create eu-demo --prefix 198.18.0.0/22 --suffix compute.example.com >/dev/null
awk -v n=$EIPS 'BEGIN { for (i = 0; i < n; i++) {
	address = "198.18." int(i / 256) "." i % 256
	params = "\"params\":{\"address\":\"" address "\""
	printf "{\"method\":\"eip.bind\",%s}}\n", params
	if (i % 3 == 0)
		printf "{\"method\":\"ptr.set\",%s,\"names\":[\"h%d.example.org\"]}}\n", params, i
	} }' | ptrctl batch --each 500 -
awk -v n=$EIPS 'BEGIN { for (i = 0; i < n; i++)
	printf "%d.%d.18.198.in-addr.arpa PTR\n", i % 256, int(i / 256) }' >"$dir/queries"
before=$(export_store)

echo "-- control killed under load"
start_load
sleep 2
end control KILL
sleep 1
start_control
expect "$before" "$(export_store)" "the same records after its restart"
ptrctl ptr set 198.18.0.1 new.example.org >/dev/null
expect new.example.org. "$(ask 198.18.0.1)" "and changes are served again"
ptrctl ptr unset 198.18.0.1 >/dev/null
end_load "control killed and started"

# restart_dataplane WHAT: and tell how long it is until the first answer
restart_dataplane() {
	local since=$EPOCHREALTIME ms
	"$build/dataplane/ptrd-dataplane" --config "$config" >>"$dir/dataplane.log" 2>&1 &
	daemons[dataplane]=$!
	disown
	ms=$(in_client first_answer "$SERVICE" 198.18.0.0 "$since")
	echo "ok: first answer after $ms ms, $1"
	expect h0.example.org. "$(ask 198.18.0.0)" "custom PTR, $1"
	expect ecs-198-18-0-1.compute.example.com. "$(ask 198.18.0.1)" "default PTR, $1"
	# Once its ports are up, no query is lost.
	wait_for 30 xdp_attached
	start_load
	end_load "$1"
}

xdp_attached() {
	[[ $(ip -d link show ptd0) == *xdp* ]]
}

echo "-- dataplane killed, control running"
end dataplane KILL
xdp_attached || echo "note: the kernel removed the XDP program with the process"
ptrctl ptr set 198.18.0.3 while.example.org >/dev/null
restart_dataplane "control running"
expect while.example.org. "$(ask 198.18.0.3)" "a change made while no dataplane ran"

echo "-- dataplane killed and started at once, while the kernel still ends the old one"
for _ in 1 2 3 4 5; do
	kill -KILL "${daemons[dataplane]}"
	start_dataplane
done
expect while.example.org. "$(ask 198.18.0.3)" "custom PTR, started at once"

echo "-- dataplane killed, control killed too"
end control KILL
end dataplane KILL
restart_dataplane "control stopped"
expect while.example.org. "$(ask 198.18.0.3)" "the last change is still there"
start_control
ptrctl ptr set 198.18.0.3 again.example.org >/dev/null
expect again.example.org. "$(ask 198.18.0.3)" "control back: changes are served"
