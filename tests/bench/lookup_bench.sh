#!/bin/bash
# A look-up in a region's table beside one in DPDK's rte_hash: the same keys, the same kind of pages.

source "$(dirname "$0")/lib.sh"

# look_up KEYS: sets ours and theirs, ns
look_up() {
	local table=$dir/table memory=(--no-huge --no-shconf -m 1024)
	((pages == 0)) || table=$huge/table memory=(--in-memory)
	on "$worker_core" lookup_rte_hash --no-pci --no-telemetry --log-level=error "${memory[@]}" -- \
		"$table" "$(scaled "$1")" >"$dir/lookup"
	read -r ours theirs <"$dir/lookup"
}

mkdir -p "$dir"
take_pages 1536
look_up 1000000
record lookup.ns "$ours"
record lookup.ratio_rte_hash "$(ratio "$theirs" "$ours")"
look_up 10000000
record lookup.ns_10m "$ours"
record lookup.ratio_rte_hash_10m "$(ratio "$theirs" "$ours")"
