# What every part of the benchmark stands on; source it first. It is tests/smoke/lib.sh, namespaces
# and all, with stores on a real disk and figures to record. scripts/bench runs the parts; by itself
#
#   sudo PTRD_BUILD=$PWD/build BENCH_SCALE=10 bash tests/bench/NAME_bench.sh
#
# runs one round of a part and shows its figures.
# shellcheck shell=bash

source "$(dirname "${BASH_SOURCE[0]}")/../smoke/lib.sh"
readonly work=${BENCH_WORK:-$(mktemp -d /var/tmp/ptrd-bench.XXXXXX)}
clean_up() {
	local pid
	for pid in "${daemons[@]}"; do
		kill -KILL "$pid" 2>/dev/null || true
	done
	give_pages
	[[ -n ${BENCH_WORK:-} ]] || rm -rf "$work"
}
PATH=$build/tests/bench:$PATH:/usr/sbin

# record KEY VALUE: a figure of this round; tests/bench/goals.tsv says what it is.
record() {
	printf '%s\t%s\n' "$1" "$2" | tee -a "${BENCH_VALUES:-/dev/null}"
}

# scaled N: how many that is in a run of this size
scaled() {
	echo $(($1 / ${BENCH_SCALE:-1}))
}

# Seconds that the dataplane is measured, and how often it and what it is compared with are measured in
# turn: what else the machine does changes in seconds. How few they are is no matter to bench_test.sh.
measured_s=5 turns=3
((${BENCH_SCALE:-1} < 100)) || measured_s=1 turns=1
queries=$(scaled 262000) # distinct ones
# shellcheck disable=SC2034 # for the parts
readonly measured_s turns queries

# Cores for those that are measured together: the control process (and a peer), the dataplane's
# worker, which is always busy, and the client. The client of what is not the dataplane's work shares
# the worker's core if there are but two.
main_core='' worker_core=''
choose_cores
# shellcheck disable=SC2034 # for the parts
readonly server_core=$main_core
client_core=$(taskset --cpu-list --pid $$ | sed 's/.*: //' | tr ',' '\n' | awk -F- '
	{ for (core = $1; core <= $NF; core++) if (++n == 3) print core }')
# shellcheck disable=SC2034
readonly client_core=${client_core:-$worker_core}

# What is measured goes before whatever else these cores do, such as a worker that shares its core with
# the client.
readonly PRIORITY=1

# on CORE COMMAND...
on() {
	chrt --rr $PRIORITY taskset --cpu-list "$1" "${@:2}"
}

# pin PID CORE: a process and all its threads
pin() {
	taskset --all-tasks --cpu-list --pid "$2" "$1" >/dev/null
	prefer "$1"
}

# prefer PID: the same where it is; the dataplane has chosen its cores.
prefer() {
	chrt --all-tasks --rr --pid $PRIORITY "$1"
}

# As fast from its first moment on.
start_pinned_control() {
	local cores
	cores=$(taskset --cpu-list --pid $$ | sed 's/.*: //')
	pin $$ "$server_core"
	start_control
	chrt --other --pid 0 $$
	taskset --cpu-list --pid "$cores" $$ >/dev/null
}

# Huge pages are the whole machine's, and these are given back whatever happens: $work/pages says how many
# it are, for scripts/bench if this is killed.
pages=0
readonly huge=$dir/huge
add_pages() {
	echo $(($(</proc/sys/vm/nr_hugepages) + $1)) >/proc/sys/vm/nr_hugepages
}

give_pages() {
	((pages > 0)) || return 0
	add_pages $((-pages))
	pages=0
	rm -f "$work/pages"
}

# take_pages MIB: so many on a hugetlbfs, or none at all, for whoever is measured.
take_pages() {
	local want=$((($1 + 1) / 2)) free before
	before=$(</proc/sys/vm/nr_hugepages)
	# The kernel gives what it finds in one piece, and finds more when it has looked again.
	for _ in 1 2 3; do
		echo 1 >/proc/sys/vm/compact_memory
		add_pages $((want - pages))
		pages=$(($(</proc/sys/vm/nr_hugepages) - before))
		((pages < want)) || break
	done
	echo "$pages" >"$work/pages"
	free=$(awk '/^HugePages_Free:/ { print $2 }' /proc/meminfo)
	if ((free < want)); then
		echo "only $free of $want huge pages are free: ordinary ones for all"
		give_pages
		return
	fi
	mkdir -p "$huge"
	mount -t hugetlbfs none "$huge"
}

# Of the configuration that was just made
use_pages() {
	((pages == 0)) || sed -i -e '/no_huge:/d' -e "1i huge_dir: $huge" "$config"
}

# A part with several stores sets another name before it prepares one and copies it.
prepared=$work/prepared

# prepare COMMAND...: has the command fill a store through the control process, once for all rounds.
prepare() {
	[[ ! -e $prepared ]] || return 0
	state_dir=$prepared.new
	rm -rf "$state_dir"
	make_config
	start_pinned_control
	ptrctl region create eu-bench --prefix 10.0.0.0/8 --suffix compute.example.com >/dev/null
	"$@"
	end control
	mv "$state_dir" "$prepared"
}

# copy_prepared [NAME]: the round's own copy of it; a part that has several at a time gives them names.
# shellcheck disable=SC2120 # most parts have one copy
copy_prepared() {
	state_dir=$work/state${1:+.$1}
	rm -rf "$state_dir"
	cp -r "$prepared" "$state_dir"
	sync --file-system "$state_dir"
	make_config
	use_pages # for the tables
}

# make_zone RUN COUNT: a zone file with the PTRs of a run, as tests/bench/workload.h has them
make_zone() {
	awk -v run="$1" -v n="$2" 'BEGIN {
		print "$ORIGIN 10.in-addr.arpa."
		print "$TTL 600"
		print "@ SOA ns.example.net. hostmaster.example.net. 1 3600 600 86400 300"
		print "@ NS ns.example.net."
		for (i = 0; i < n; i++)
			printf "%d.%d.%d PTR %s-%d.customer.example.net.\n",
				i % 256, int(i / 256) % 256, int(i / 65536), run, i
	}'
}

# make_rows COUNT 4|6: CSV of EIPs as tests/bench/replay.h has them
make_rows() {
	awk -v n="$1" -v family="$2" 'BEGIN {
		print "address,names,ttl"
		for (i = 0; i < n; i++) {
			if (family == 4)
				printf "10.%d.%d.%d,", i / 65536, i / 256 % 256, i % 256
			else
				printf "2001:db8::%x:%x,", i / 65536, i % 65536
			print i % 5 ? "," : "host-" i ".customer.example.net,600"
		}
	}'
}

# import_rows COUNT 4|6: those EIPs become the store's
import_rows() {
	make_rows "$@" | ptrctl --json import --format csv - >/dev/null
}

# ratio A B
ratio() {
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", a / b }'
}

# note KEY VALUE: one of several figures, of which record_middle KEY takes the median
note() {
	# A figure that could not be had would end up at one end, and nobody would see it.
	[[ $2 =~ ^[0-9]+(\.[0-9]+)?$ ]] || fail "$1: '$2' is no figure"
	echo "$2" >>"$dir/notes.$1"
}

# compare KEY A B: notes the ratio of what was measured one right after the other
compare() {
	note "$1" "$(ratio "$2" "$3")"
}

record_middle() {
	record "$1" "$(sort -n "$dir/notes.$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }')"
}

# cpu_us NAME: CPU time that a daemon has taken. Other load on the machine hardly changes it.
cpu_us() {
	awk '{ ns += $1 } END { printf "%d\n", ns / 1000 }' "/proc/${daemons[$1]}/task"/*/schedstat
}

# seconds_since START, of EPOCHREALTIME
seconds_since() {
	awk -v from="$1" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.3f", to - from }'
}
