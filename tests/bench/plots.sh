#!/bin/bash
# plots.sh VALUES DIR: what scripts/bench has measured (each line a key and a figure of one round) as PNGs in
# DIR: medians of the rounds. What was not measured is not drawn.

set -euo pipefail

values=$1 out=$2
data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT
mkdir -p "$out"

# median KEY: fails if there is none
median() {
	awk -F'\t' -v key="$1" '$1 == key { print $2 }' "$values" | sort -g |
		awk '{ v[NR] = $1 } END { if (!NR) exit 1; print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'
}

# series PREFIX: offered and answered, a line for each of the rates; fails if one is missing
series() {
	local times offered answered
	for times in 1x 2x 4x; do
		offered=$(median "overload.$1offered_$times") || return
		answered=$(median "overload.$1answers_$times") || return
		echo "$offered $answered"
	done
}

if series "" >"$data/ours" 2>/dev/null && series knot_xdp_ >"$data/knot" 2>/dev/null; then
	gnuplot <<-EOF
		set terminal pngcairo noenhanced size 900,600
		set output "$out/overload.png"
		set title "Overload, AF_XDP on a veth pair: one, two and four times the highest rate without loss"
		set xlabel "offered, thousand queries per second"
		set ylabel "answered, thousand per second"
		set xrange [0:*]
		set yrange [0:*]
		set grid
		set key bottom right
		plot "$data/ours" using (\$1/1e3):(\$2/1e3) with linespoints linewidth 2 title "ptrd", \
			"$data/knot" using (\$1/1e3):(\$2/1e3) with linespoints linewidth 2 title "Knot DNS, AF_XDP"
	EOF
fi

stages=(rx frame parse lookup write checksum tx)
for stage in "${stages[@]}"; do
	cycles=$(median "stage.${stage}_cycles") && echo "$stage $cycles"
done >"$data/stages" || true
if (($(wc -l <"$data/stages") == ${#stages[@]})); then
	gnuplot <<-EOF
		set terminal pngcairo noenhanced size 900,600
		set output "$out/stages.png"
		set title "Where the time of a query goes"
		set ylabel "cycles"
		set yrange [0:*]
		set style fill solid 0.7
		set boxwidth 0.7
		set grid ytics
		plot "$data/stages" using 0:2:xtic(1) with boxes notitle, \
			"" using 0:2:(sprintf("%.0f", \$2)) with labels offset 0,0.7 notitle
	EOF
fi
