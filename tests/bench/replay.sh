# Queries that are replayed into the dataplane from memory, by DPDK's net_pcap with infinite_rx: what a
# worker does with no network in the way, beside dpdk-testpmd on the same port. Source lib.sh first.
# shellcheck shell=bash disable=SC2154,SC2034 # lib.sh sets config, dir and the cores, and reads services

source "$root/tests/bench/testpmd.sh"

warm_up=1 # seconds
((measured_s > 1)) || warm_up=0.2
buffers=$((queries + 8191)) # net_pcap keeps one for each query
packet_mib=$((buffers * 5 / 2048 + 64)) # as dataplane.memory counts them
readonly warm_up buffers packet_mib

# Those of cookies are tests/bench/replay.c's.
readonly SECRET=000102030405060708090a0b0c0d0e0f

# replay_config DEVARGS CORES [LINE...]: a port of these, and more lines below `dataplane`
replay_config() {
	local devargs=$1 cores=$2 line
	shift 2
	services="$SERVICE, '$SERVICE6'"
	make_config
	use_pages
	sed -i '/^  ports:/,$d' "$config"
	{
		printf '  ports:\n    - vdev: %s\n      cores: [%s]\n' "$devargs" "${cores// /, }"
		printf '      exception: false\n      buffers: %d\n' "$buffers"
		for line; do
			echo "  $line"
		done
	} >>"$config"
}

is_replaying() {
	alive dataplane || fail "ptrd-dataplane stopped"
	grep -q 'ready: answering' "$dir/replay.log"
}

# Before whatever else its core does, unless a part sets this to no.
preferred=yes

start_replay() {
	"$build/dataplane/ptrd-dataplane" --config "$config" >"$dir/replay.log" 2>&1 &
	daemons[dataplane]=$!
	disown
	wait_for 120 is_replaying
	[[ $preferred == no ]] || prefer "${daemons[dataplane]}"
}

# make_queries NAME EIPS 4|6 [cookies]: "$dir/NAME.pcap", and "$dir/NAME.kinds": what they are
make_queries() {
	replay_write "$dir/$1.pcap" "$2" "$queries" "$3" "${4:-plain}" >"$dir/$1.kinds"
}

all_are_answered() {
	(($(readers "$dir" tx | awk '{ n += $1 } END { print n }') >= queries))
}

# check_answers NAME 4|6 [LINE...]: to each query once; all are compared.
check_answers() {
	local name=$1 family=$2
	shift 2
	replay_config "net_pcap0,rx_pcap=$dir/$name.pcap,tx_pcap=$dir/answers.pcap" "$worker_core" "$@"
	start_replay
	wait_for 60 all_are_answered
	end dataplane
	expect "$queries" "$(replay_check "$dir/$name.pcap" "$dir/answers.pcap" "$family")" \
		"each of the queries '$name' has the right answer"
	rm "$dir/answers.pcap"
}

# start_replaying NAME CORES [LINE...]: the queries over and over, in a queue for each core
start_replaying() {
	local name=$1 cores=$2 devargs=net_pcap0
	shift 2
	for _ in $cores; do
		devargs+=",rx_pcap=$dir/$name.pcap"
	done
	replay_config "$devargs,infinite_rx=1" "$cores" "$@"
	start_replay
	sleep "$warm_up"
}

# measure NAME [changing]: sets rate, the answers per second of what runs by its own counters. Each kind
# of answer has its share; of bound addresses those with custom PTRs may be changing.
measure() {
	ptrctl --json top --interval "$measured_s" --count 2 >"$dir/stats"
	rate=$(jq -s --arg kinds "$(<"$dir/$1.kinds")" --argjson queries "$queries" \
		--argjson custom_too "$([[ ${2:-} == changing ]] && echo false || echo true)" \
		-f "$root/tests/bench/replay.jq" "$dir/stats") || fail "outcomes: $(<"$dir/stats")"
	((rate > 0)) || fail "no answers: $(<"$dir/stats")"
}

# replay NAME CORES [LINE...]: sets rate
replay() {
	start_replaying "$@"
	measure "$1"
	end dataplane
}

# Sets rate: the frames per second that testpmd sends back.
replay_5tswap() {
	start_testpmd "net_pcap0,rx_pcap=$dir/$1.pcap,infinite_rx=1" "$packet_mib" "$buffers"
	prefer "${daemons[testpmd]}"
	sleep "$warm_up"
	tell_testpmd 'show port stats 0'
	sleep "$measured_s"
	tell_testpmd 'show port stats 0'
	wait_for 10 testpmd_says 2 Tx-pps:
	end_testpmd
	rate=$(awk '/Tx-pps:/ { pps = $2 } END { print pps + 0 }' "$dir/testpmd.log")
	((rate > 0)) || fail "testpmd: $(<"$dir/testpmd.log")"
}
