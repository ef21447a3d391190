#!/bin/bash
# Queries over TCP, pipelined on one connection and on 500, beside Knot DNS with one TCP thread. It is the
# main lcore that answers: the client shares the worker's core if there are but two.

source "$(dirname "$0")/lib.sh"
# shellcheck disable=SC2034 # read by make_config
dataplane_config="  tcp: {per_client: 1000}"
source "$(dirname "$0")/peers.sh"

eips=$(scaled 1000000)
readonly eips

# ask_over_tcp: sets one and many
ask_over_tcp() {
	ask_closed_loop "$client_core" -m tcp -c 1 -q 200
	one=$rate
	ask_closed_loop "$client_core" -m tcp -c 500 -q 1000
	many=$rate
}

serving_core=$server_core
prepare_servers "$eips"
start_server ours
ask_over_tcp
end_server
ours=$one ours_many=$many
start_server knot
ask_over_tcp
end_server
record tcp.qps "$ours"
record tcp.ratio_knot "$(ratio "$ours" "$one")"
record tcp.qps_500 "$ours_many"
record tcp.ratio_knot_500 "$(ratio "$ours_many" "$many")"
