# Load while a test changes something: dnsperf in the background, and a capture of the replies. Source
# lib.sh first. The queries are in "$dir/queries".
# shellcheck shell=bash disable=SC2154 # lib.sh sets dir

readonly LOAD_RATE=2000

# Until end_load, one run at least. Each run of dnsperf waits for its last replies.
start_load() {
	touch "$dir/loading"
	while :; do
		in_client dnsperf -s "$SERVICE" -d "$dir/queries" -l 2 -Q $LOAD_RATE -c 4 -t 5 || exit
		[[ -e $dir/loading ]] || exit 0
	done >"$dir/dnsperf" 2>&1 &
	load=$!
}

# end_load WHAT [RCODE...]: no query was lost, and each reply had one of the codes (else NOERROR)
end_load() {
	local what=$1 sent completed
	shift
	rm "$dir/loading"
	wait "$load" || fail "dnsperf failed: $(cat "$dir/dnsperf")"
	sent=$(awk '/Queries sent:/ { n += $3 } END { print n }' "$dir/dnsperf")
	completed=$(awk '/Queries completed:/ { n += $3 } END { print n }' "$dir/dnsperf")
	((sent >= LOAD_RATE)) || fail "there was no load: $(cat "$dir/dnsperf")"
	expect "$sent" "$completed" "of $sent queries none lost, $what"
	expect "$sent" "$(awk -v codes="${*:-NOERROR}" '
		BEGIN { split(codes, list, " "); for (i in list) allowed[list[i]] }
		/Response codes:/ { for (i = 3; i < NF; i += 3) if ($i in allowed) n += $(i + 1) }
		END { print n }' "$dir/dnsperf")" "no answer but ${*:-NOERROR}, $what"
}

# Of replies, into "$dir/capture", until end_capture. By itself, so that the pid is its own.
start_capture() {
	ip netns exec client tcpdump -i eth0 -B 65536 --immediate-mode -w "$dir/capture" \
		'udp src port 53' 2>"$dir/tcpdump.log" &
	capture=$!
	wait_for 10 capturing
}

capturing() {
	grep -qs 'listening on' "$dir/tcpdump.log"
}

end_capture() {
	kill -TERM "$capture"
	wait "$capture" || true
}
