# dpdk-testpmd that sends back what comes, with addresses and ports swapped: what a port can do at most.
# Source lib.sh first.
# shellcheck shell=bash disable=SC2154,SC2034 # lib.sh sets and reads the rest

# start_testpmd DEVARGS MIB BUFFERS: on one core, with the kind of pages that the dataplane has
start_testpmd() {
	local memory=(--in-memory -m "$2")
	# Of ordinary pages each buffer takes one.
	((pages > 0)) || memory=(--no-huge --no-shconf -m $(($2 * 2)))
	mkfifo "$dir/testpmd.in"
	# Line by line: it is waited for.
	stdbuf --output=L dpdk-testpmd --no-pci --no-telemetry --iova-mode=va "${memory[@]}" \
		--lcores="0@$main_core,1@$worker_core" --vdev="$1" \
		-- -i --no-flush-rx --nb-cores=1 --forward-mode=5tswap --total-num-mbufs="$3" \
		<"$dir/testpmd.in" >"$dir/testpmd.log" 2>&1 &
	daemons[testpmd]=$!
	disown
	exec {testpmd}>"$dir/testpmd.in"
	tell_testpmd start
	wait_for 120 testpmd_says 1 '5tswap packet forwarding - '
}

tell_testpmd() {
	echo "$1" >&"$testpmd"
}

# testpmd_says TIMES TEXT: so often, or more
testpmd_says() {
	alive testpmd || fail "testpmd: $(<"$dir/testpmd.log")"
	(($(grep -c "$2" "$dir/testpmd.log") >= $1))
}

end_testpmd() {
	tell_testpmd quit
	exec {testpmd}>&-
	wait_for 30 gone testpmd
	rm "$dir/testpmd.in"
}
