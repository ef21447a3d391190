#!/bin/bash
# scripts/bench with everything a thousandth of its size: it ends well, which says that every reply
# was right, and has every figure. How fast it was is nobody's business here.

set -euo pipefail

readonly SKIPPED=77
((EUID == 0)) || {
	echo "skipped: needs root"
	exit "$SKIPPED"
}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

for program in knotd kxdpgun nsd named dpdk-testpmd gnuplot; do
	PATH=$PATH:/usr/sbin command -v $program >/dev/null || {
		echo "skipped: no $program"
		exit "$SKIPPED"
	}
done
BENCH_SCALE=1000 "$here/../../scripts/bench" --rounds 1 --json "$results/json" --plots "$results/plots" |
	tee "$results/table"

awk -F'\t' '!/^#/ && $2 != "key" { print $2 }' "$here/goals.tsv" | sort >"$results/keys"
[[ -s $results/keys ]]
jq -r '.results | to_entries[] | select(.value | .rounds == 1 and .min == .median and .max == .median
	and (.median | type) == "number" and (.unit | length > 0)) | .key' "$results/json" | sort >"$results/measured"
diff "$results/keys" "$results/measured"
awk -F'`' '/^\| `/ { print $2 }' "$results/table" | sort >"$results/shown"
diff "$results/keys" "$results/shown"
jq -e '.machine | .cpu and .cores > 0 and .kernel and .file_system and .fsync_us > 0' \
	"$results/json" >/dev/null
for plot in overload stages; do
	[[ $(file --brief --mime-type "$results/plots/$plot.png" 2>/dev/null) == image/png ]]
done
echo "ok: every figure is there"
