#!/bin/bash
# The control process starts anew on ten million EIPs, a fifth of them with custom PTRs, while the
# dataplane answers, and makes changes; the memory that it ever has besides the tables.

source "$(dirname "$0")/lib.sh"

count=$(scaled 10000000) changes=$(scaled 100000)
readonly count changes RATE=2000

bind_all() {
	awk -v n="$count" 'BEGIN {
		print "address,names"
		for (i = 0; i < n; i++)
			printf "10.%d.%d.%d,%s\n", i / 65536, i / 256 % 256, i % 256,
				i % 5 ? "" : "host-" i ".customer.example.net"
	}' | ptrctl --json import --format csv - >/dev/null
}

# watch_memory PID: KiB that are neither tables nor other files on a tmpfs
watch_memory() {
	local now most=0
	while now=$(awk '/^Rss(Anon|File):/ { sum += $2 } END { print sum }' "/proc/$1/status"); do
		if ((now > most)); then
			most=$now
			echo "$most" >"$dir/memory"
		fi
		sleep 0.05
	done 2>/dev/null
}

make_network
prepare bind_all
state_dir=$prepared
make_config
start_pinned_control
start_dataplane

awk -v n="$count" 'BEGIN { for (i = 0; i < 100000; i++) {
	k = (i * 618041 + 7) % n
	printf "%d.%d.%d.10.in-addr.arpa PTR\n", k % 256, k / 256 % 256, k / 65536 } }' >"$dir/queries"
ip netns exec client dnsperf -s "$SERVICE" -d "$dir/queries" -Q $RATE -t 5 >"$dir/dnsperf" 2>&1 &
dnsperf=$!

end control
start=$EPOCHREALTIME
start_pinned_control
seconds=$(seconds_since "$start")
watch_memory "${daemons[control]}" &
on "$server_core" control_load "$socket" "start-$start" batch 0 "$changes" >/dev/null
in_client answers "$SERVICE" "start-$start" 0 "$changes" $((changes / 100))

# Those that are on their way at its end are not lost to it, but interrupted.
kill -INT "$dnsperf"
wait "$dnsperf" || true
answers=$(awk '/Queries completed:/ { print $3 }' "$dir/dnsperf")
expect "0 NOERROR $answers (100.00%)" "$(awk '/Queries lost:/ { print $3 }' "$dir/dnsperf") $(
	sed -n 's/^ *Response codes: *//p' "$dir/dnsperf")" "every query was answered meanwhile"
((answers > 0)) || fail "nobody asked"
end control

record control.start_s "$seconds"
record control.start_answers "$answers"
record control.memory_gib "$(awk '{ printf "%.3f", $1 / 1048576 }' "$dir/memory")"
