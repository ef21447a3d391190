# The contract's world, for tests that source lib.sh first: made in the control process, and served
# by other servers from zone files of their own.
# shellcheck shell=bash disable=SC2154 # lib.sh sets socket and dir

# shellcheck disable=SC2034 # read by make_config
contract_config() {
	services="$SERVICE, $SERVICE6"
	dataplane_config="  dns:
$(contract_world dns)"
}

# The clients that may have zones. Only for those who ask for them: nobody's source by default.
readonly ALLOWED=198.51.100.2 ALLOWED6=2001:db8:53::2

contract_load() {
	ip -n client addr add $ALLOWED/24 dev eth0
	ip -n client addr add $ALLOWED6/64 dev eth0 nodad preferred_lft 0
	contract_world requests | exchange "$socket" >"$dir/world.replies"
	if grep '"error"' "$dir/world.replies"; then
		fail "the world is refused"
	fi
}

# Datagrams that the kernel gave to this namespace's UDP sockets. The workers' never get that far.
kernel_datagrams() {
	awk '$1 == "Udp6InDatagrams" { sum += $2 }
		$1 == "Udp:" && $2 ~ /^[0-9]/ { sum += $2 }
		END { print sum }' /proc/net/snmp /proc/net/snmp6
}

# event NAME: how often since the start
event() {
	ptrctl --json status | jq ".events.$1"
}

# The peers' addresses are no service addresses: their packets stay with the kernel.
readonly KNOT=198.51.100.54 NSD=198.51.100.55

answers() {
	in_client dig "@$1" 113.0.203.in-addr.arpa SOA +tries=1 +time=1 +short 2>/dev/null |
		grep -q .
}

start_peers() {
	mkdir -p "$dir/zones" "$dir/knot" "$dir/nsd"
	ip addr add "$KNOT/24" dev ptd0
	ip addr add "$NSD/24" dev ptd0
	contract_world zones "$dir/zones" >"$dir/zones.list"
	start_knot
	start_nsd
	wait_for 60 answers "$KNOT"
	wait_for 60 answers "$NSD"
}

start_knot() {
	{
		cat <<-EOF
			server:
			    rundir: "$dir/knot"
			    listen: $KNOT@53
			    udp-workers: 1
			    tcp-workers: 1
			    background-workers: 1
			    udp-max-payload: 1232
			    nsid: "contract-node"
			    identity: "node.contract.example"
			    version: "ptrd contract"
			database:
			    storage: "$dir/knot"
			log:
			  - target: stderr
			    any: warning
			acl:
			  - id: allowed
			    address: [$ALLOWED, $ALLOWED6]
			    action: transfer
			template:
			  - id: default
			    acl: allowed
			    zonefile-sync: -1
			    journal-content: none
			zone:
		EOF
		awk '{ printf "  - domain: \"%s\"\n    file: \"%s\"\n", $1, $2 }' "$dir/zones.list"
	} >"$dir/knot.conf"
	knotd -c "$dir/knot.conf" >"$dir/knot.log" 2>&1 &
	disown
}

# With our secret: servers of one fleet accept each other's cookies (RFC 9018).
start_nsd() {
	local secret
	secret=$(contract_world dns | sed -n 's/.*cookie_secrets: \["\([0-9a-f]*\)".*/\1/p')
	{
		cat <<-EOF
			server:
			    ip-address: $NSD
			    server-count: 1
			    username: ""
			    zonesdir: "$dir/nsd"
			    database: ""
			    pidfile: "$dir/nsd/pid"
			    xfrdfile: "$dir/nsd/xfrd"
			    xfrdir: "$dir/nsd"
			    zonelistfile: "$dir/nsd/zonelist"
			    ipv4-edns-size: 1232
			    ipv6-edns-size: 1232
			    rrl-ratelimit: 0
			    minimal-responses: yes
			    refuse-any: no
			    round-robin: no
			    nsid: "ascii_contract-node"
			    identity: "node.contract.example"
			    version: "ptrd contract"
			    answer-cookie: yes
			    cookie-secret: "$secret"
			remote-control:
			    control-enable: no
		EOF
		awk -v allowed=$ALLOWED '{
			printf "zone:\n    name: \"%s\"\n    zonefile: \"%s\"\n", $1, $2
			printf "    provide-xfr: %s NOKEY\n", allowed
		}' "$dir/zones.list"
	} >"$dir/nsd.conf"
	nsd -d -c "$dir/nsd.conf" >"$dir/nsd.log" 2>&1 &
	disown
}
