#!/bin/bash
# The whole contract on every way that a query can come: through a worker, over TCP, and as UDP that
# the workers leave to the kernel's sockets; over IPv4 and IPv6. One line for each.

source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/contract.sh"
contract_config
start_all
contract_load

# all_counted BEFORE AFTER DEAD-PORTS: of two states, each message received between them has one
# outcome; those without a reply are among them
all_counted() {
	jq -en --argjson before "$1" --argjson after "$2" --argjson ports "$3" '
		def rise(name): $after.outcomes[name] - $before.outcomes[name];
		($after.events.rx - $before.events.rx) as $received
		| $received > 500
		and ([$after.outcomes | keys[] | rise(.)] | add) == $received
		and rise("drop_short") > 0 and rise("drop_response") > 0
		and rise("drop_port") == $ports' >/dev/null
}

failed=0
for server in "$SERVICE" "$SERVICE6"; do
	for path in udp slow tcp; do
		kernel=$(kernel_datagrams) accepted=$(event tcp_accepted) received=$(event rx)
		before=$(ptrctl --json status)
		in_client contract_client "$server" $path || failed=$((failed + 1))
		[[ $path == tcp ]] && dead_ports=4 || dead_ports=5
		all_counted "$before" "$(ptrctl --json status)" "$dead_ports" ||
			fail "$server over $path: not every message has counted one outcome"
		kernel=$(($(kernel_datagrams) - kernel))
		accepted=$(($(event tcp_accepted) - accepted)) received=$(($(event rx) - received))
		# The way is the one that was meant, and no other.
		case $path in
		udp) ((kernel == 0 && accepted == 0 && received > 100)) ;;
		slow) ((kernel > 100 && accepted == 0 && received == kernel)) ;;
		tcp) ((kernel == 0 && accepted > 100)) ;;
		esac || fail "$server over $path: of $received queries the kernel took $kernel as" \
			"datagrams, and $accepted connections"
	done
done
((failed == 0)) || fail "$failed ways are not right"
