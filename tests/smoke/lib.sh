# What every smoke test stands on; source it first. The test runs again inside namespaces of its
# own (network, mounts, processes), with an empty /run on a tmpfs. Nothing that it makes there,
# daemons, veth pairs, XDP programs, mounts, files, outlives it, however it ends.
#
# PTRD_BUILD names the build directory whose programs are tested.
# shellcheck shell=bash

set -euo pipefail

readonly SKIPPED=77

skip() {
	echo "skipped: $*"
	exit "$SKIPPED"
}

if [[ ${PTRD_SANDBOX:-} != 1 ]]; then
	((EUID == 0)) || skip "needs root"
	unshare --net --mount --pid --fork true 2>/dev/null || skip "may not make namespaces"
	export PTRD_SANDBOX=1
	exec unshare --net --mount --pid --fork --kill-child --mount-proc -- bash "$0" "$@"
fi
# The first process of a pid namespace gets no signal that it has no handler for.
trap 'exit 130' INT TERM

mount --make-rprivate /
mount -t tmpfs -o mode=755 ptrd-test /run
ip link set lo up

smoke=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly smoke root=$smoke/../..
build=$(cd "${PTRD_BUILD:-$root/build}" && pwd)
readonly SERVICE=198.51.100.53
readonly CLIENT=198.51.100.1
readonly SERVICE6=2001:db8:53::53
readonly CLIENT6=2001:db8:53::1
readonly build dir=/run/ptrd
readonly config=$dir/ptrd.yaml
readonly socket=$dir/control.sock
export PTRD_SOCKET=$socket
export PATH=$build/control/ptrctl:$build/tests/smoke:$build/tests/contract/net:$PATH

declare -A daemons=() # pid by name

fail() {
	echo "FAILED at ${BASH_SOURCE[1]##*/}:${BASH_LINENO[0]}: $*"
	exit 1
}

# What a test has to take back that does not go with its namespaces
clean_up() {
	:
}

# The logs explain a failure; the namespaces end the rest.
finish() {
	local status=$?
	trap - EXIT
	clean_up # first: whoever reads the logs may have had enough of them
	if ((status != 0 && status != SKIPPED)); then
		for log in "$dir"/*.log; do
			[[ -e $log ]] || continue
			echo "-- ${log##*/}"
			tail -n 30 "$log"
		done
	fi
	exit "$status"
}
trap finish EXIT
trap 'echo "FAILED at ${BASH_SOURCE[0]##*/}:$LINENO: $BASH_COMMAND"' ERR

# wait_for SECONDS COMMAND...: until the command succeeds.
wait_for() {
	local seconds=$1 deadline
	shift
	deadline=$((SECONDS + seconds))
	until "$@"; do
		((SECONDS < deadline)) || fail "not within $seconds s: $*"
		sleep 0.05
	done
}

# A client namespace at the other end of a veth pair; the service address at ours.
make_network() {
	ip netns add client
	ip link add ptd0 type veth peer name eth0 netns client
	ip addr add "$SERVICE/24" dev ptd0
	ip addr add "$SERVICE6/64" dev ptd0 nodad
	ip link set ptd0 up
	ip -n client addr add "$CLIENT/24" dev eth0
	ip -n client addr add "$CLIENT6/64" dev eth0 nodad
	ip -n client link set lo up
	ip -n client link set eth0 up
}

in_client() {
	ip netns exec client "$@"
}

# First two cores that this process may run on; one core serves for both.
choose_cores() {
	local range ranges cores=()
	IFS=, read -ra ranges < <(awk '/^Cpus_allowed_list:/ {print $2}' /proc/self/status)
	for range in "${ranges[@]}"; do
		# shellcheck disable=SC2207 # numbers only
		cores+=($(seq "${range%-*}" "${range#*-}"))
	done
	main_core=${cores[0]}
	worker_core=${cores[1]:-${cores[0]}}
}

# A test may set services (the service addresses), dataplane_config (more keys below `dataplane`) and
# control_config (the keys below `control`; else no project has a quota) before.
make_config() {
	local main_core worker_core state=${state_dir:-$dir/state}
	choose_cores
	mkdir -p "$dir" "$state"
	cat >"$config" <<-EOF
		run_dir: $dir
		state_dir: $state
		control:
		${control_config:-  ptr_quota: 0}
		dataplane:
		  service_addresses: [${services:-$SERVICE}]
		  main_core: $main_core
		  xdp_program: $build/dataplane/xdp/steer.bpf.o
		  no_huge: true
		  ports:
		    - interface: ptd0
		      cores: [$worker_core]
		${dataplane_config:-}
	EOF
}

start_control() {
	"$build/control/ptrd-control" --config "$config" >>"$dir/control.log" 2>&1 &
	daemons[control]=$!
	disown # bash is not to tell of its death
	wait_for 60 control_ready
}

start_dataplane() {
	"$build/dataplane/ptrd-dataplane" --config "$config" >>"$dir/dataplane.log" 2>&1 &
	daemons[dataplane]=$!
	disown
	wait_for 60 dataplane_ready
}

control_ready() {
	alive control || fail "ptrd-control stopped"
	ptrctl --json status >/dev/null 2>&1
}

# It answers whatever it serves: REFUSED is an answer.
dataplane_ready() {
	alive dataplane || fail "ptrd-dataplane stopped"
	in_client dig "@$SERVICE" -x 192.0.2.1 +tries=1 +time=1 >/dev/null 2>&1
}

# A zombie has no program any more.
alive() {
	readlink "/proc/${daemons[$1]}/exe" >/dev/null 2>&1
}

gone() {
	# Not earlier: a dying process drops its program before its files, and so before its locks.
	[[ ! -e /proc/${daemons[$1]} ]]
}

# end NAME [SIGNAL]
end() {
	kill "-${2:-TERM}" "${daemons[$1]}"
	wait_for 30 gone "$1"
}

# Of a test that sets state_dir before, the store is there.
start_all() {
	make_network
	make_config
	start_control
	start_dataplane
}

# The short answer that the client gets: names in order, one on a line; no answer is a failure.
ask() {
	in_client dig "@$SERVICE" -x "$1" +short "${@:2}"
}

# expect WANT GOT WHAT
expect() {
	[[ $1 == "$2" ]] || {
		echo "FAILED at ${BASH_SOURCE[1]##*/}:${BASH_LINENO[0]}: $3"
		diff <(echo "$1") <(echo "$2") | sed 's/^</want: /; s/^>/got:  /'
		exit 1
	}
	echo "ok: $3"
}

# Everything that the control process keeps, in a form to compare. Revisions are part of it.
export_store() {
	ptrctl --json region list
	ptrctl --json eip list
	ptrctl --json ptr list
}
