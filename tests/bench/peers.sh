# Who answers at the other end of the veth pair: the dataplane, and other servers with the same zone on the
# same address, each at its best on one core, $serving_core: no logs, no rate limits. One at a time. Source
# lib.sh first.
# shellcheck shell=bash disable=SC2154,SC2034,SC2004,SC2317 # lib.sh and the parts set and use the rest

readonly ZONE=10.in-addr.arpa zone_file=$work/zone
# The client's core is another one than the server's.
serving_core=$worker_core gun_core=$server_core
[[ $client_core == "$worker_core" ]] || gun_core=$client_core
readonly gun_core

# make_served_zone COUNT: of the EIPs that make_rows has
make_served_zone() {
	awk -v n="$1" -v zone=$ZONE 'BEGIN {
		print "$ORIGIN " zone "."
		print "$TTL 600"
		print "@ SOA ns.example.net. hostmaster.example.net. 1 3600 600 86400 300"
		print "@ NS ns.example.net."
		for (i = 0; i < n; i++) {
			a = int(i / 65536); b = int(i / 256) % 256; c = i % 256
			if (i % 5)
				printf "%d.%d.%d 300 PTR ecs-10-%d-%d-%d.compute.example.com.\n", c, b, a, a, b, c
			else
				printf "%d.%d.%d PTR host-%d.customer.example.net.\n", c, b, a, i
		}
	}'
}

knot_config() {
	cat <<-EOF
		server:
		    rundir: "$dir/peer"
		    listen: $SERVICE@53
		    udp-workers: 1
		    tcp-workers: 1
		    background-workers: 1
		    tcp-max-clients: 1000
		database:
		    storage: "$dir/peer"
		log:
		  - target: stderr
		    any: warning
		zone:
		  - domain: $ZONE
		    file: "$zone_file"
		    zonefile-sync: -1
		    journal-content: none
	EOF
}

command_knot() {
	knot_config >"$dir/peer/conf"
	command=(knotd -c "$dir/peer/conf")
}

command_knot_xdp() {
	{
		knot_config
		cat <<-EOF
			xdp:
			    listen: ptd0@53
		EOF
	} >"$dir/peer/conf"
	command=(knotd -c "$dir/peer/conf")
}

command_nsd() {
	cat >"$dir/peer/conf" <<-EOF
		server:
		    ip-address: $SERVICE
		    server-count: 1
		    username: ""
		    zonesdir: "$dir/peer"
		    database: ""
		    pidfile: "$dir/peer/pid"
		    xfrdfile: "$dir/peer/xfrd"
		    xfrdir: "$dir/peer"
		    zonelistfile: "$dir/peer/zonelist"
		    verbosity: 0
		    rrl-ratelimit: 0
		    minimal-responses: yes
		    round-robin: no
		    tcp-count: 1000
		remote-control:
		    control-enable: no
		zone:
		    name: $ZONE
		    zonefile: "$zone_file"
	EOF
	command=(nsd -d -c "$dir/peer/conf")
}

command_bind() {
	cat >"$dir/peer/conf" <<-EOF
		options {
			directory "$dir/peer";
			pid-file none;
			session-keyfile none;
			listen-on { $SERVICE; };
			listen-on-v6 { none; };
			recursion no;
			minimal-responses yes;
			dnssec-validation no;
			allow-transfer { none; };
			notify no;
			querylog no;
		};
		controls { };
		logging { category default { null; }; };
		zone "$ZONE" { type primary; file "$zone_file"; };
	EOF
	command=(named -f -n 1 -c "$dir/peer/conf")
}

server_answers() {
	[[ $(in_client dig "@$SERVICE" -x 10.0.0.0 +tries=1 +time=1 +short 2>/dev/null) == host-0.* ]]
}

peer_ready() {
	alive "$server" || fail "$server: $(cat "$dir/peer.log")"
	server_answers
}

# start_server NAME: ours, or one of the peers; end_server ends it
start_server() {
	server=$1
	if [[ $server == ours ]]; then
		start_dataplane
		return
	fi
	mkdir -p "$dir/peer"
	"command_$server"
	taskset --cpu-list "$serving_core" "${command[@]}" >"$dir/peer.log" 2>&1 &
	daemons[$server]=$!
	disown
	wait_for 300 peer_ready
}

end_server() {
	end "${server/ours/dataplane}"
	[[ $server != knot_xdp ]] || ip link set dev ptd0 xdp off # it leaves its program there
	rm -rf "$dir/peer"
}

# check_codes NOERROR NXDOMAIN: fails if these many have not the shares that the queries have
check_codes() {
	awk -v found="$1" -v missing="$2" -v kinds="$(<"$dir/kinds")" 'BEGIN {
		split(kinds, kind, " ")
		all = kind[1] + kind[2] + kind[3]
		# Fewer than all of them may have other shares.
		if (found + missing < 2 * all)
			exit 0
		off = missing / (found + missing) - kind[3] / all
		exit off > 0.02 || off < -0.02 }' || fail "codes: $1 NOERROR and $2 NXDOMAIN of $(<"$dir/kinds")"
}

# False if the kernel is not done yet with the socket of the kxdpgun before.
has_offered() {
	in_client taskset --cpu-list "$gun_core" kxdpgun -t "$measured_s" -Q "$1" -F "$gun_core" -i "$dir/names" \
		"$SERVICE" >"$dir/gun" 2>&1 || fail "kxdpgun: $(<"$dir/gun")"
	! grep -q 'resource is busy' "$dir/gun"
}

# offer RATE: kxdpgun sends as many queries per second as it can, at most RATE; sets sent and answered, per
# second, and how many were found and missing.
offer() {
	wait_for 60 has_offered "$1"
	read -r sent answered found missing < <(awk '
		{ gsub(/[(]/, "") }
		/^total queries:/ { sent = $4 }
		/^total replies:/ { answered = $4 }
		/^responded NOERROR:/ { found = $3 }
		/^responded NXDOMAIN:/ { missing = $3 }
		END { print sent + 0, answered + 0, found + 0, missing + 0 }' "$dir/gun")
	((sent > 0)) || fail "kxdpgun: $(<"$dir/gun")"
}

# The same, and the answers have the codes that a DNS server gives.
ask() {
	offer "$1"
	check_codes "$found" "$missing"
	((found + missing >= answered * measured_s * 9 / 10)) || fail "other codes: $(<"$dir/gun")"
}

# Sets lossless and lossless_answered: the highest rate that was offered and answered by 99 % or more, as kxdpgun counts. What
# else the machine does may cost a run some answers: each has a second try.
find_lossless() {
	local most rate low=0 ceiling=0
	most=$(scaled 1600000)
	rate=$((measured_s > 1 ? most / 8 : most / 2))
	lossless=1 lossless_answered=1
	while ((rate <= most && (ceiling == 0 || ceiling - low > most / 128))); do
		ask "$rate"
		((answered * 100 >= sent * 99)) || ask "$rate"
		if ((answered * 100 >= sent * 99)); then
			lossless=$sent lossless_answered=$answered low=$rate
			((sent * 10 >= rate * 9)) || return 0 # the client cannot do more
		else
			ceiling=$rate
		fi
		rate=$((ceiling > 0 ? (low + ceiling) / 2 : rate * 2))
	done
}

# Sets rate: answers per second that dnsperf gets when it asks again as soon as it has an answer. On CORE,
# with more options.
ask_closed_loop() {
	local core=$1 codes
	shift
	in_client taskset --cpu-list "$core" dnsperf -s "$SERVICE" -d "$dir/names" \
		-l "$measured_s" -t 1 -e "$@" >"$dir/dnsperf" 2>&1 || fail "dnsperf: $(<"$dir/dnsperf")"
	codes=$(sed -n 's/^ *Response codes: *//p' "$dir/dnsperf")
	[[ $codes =~ ^NOERROR\ ([0-9]+)\ [^,]*(, NXDOMAIN ([0-9]+) [^,]*)?$ ]] || fail "codes: $codes"
	check_codes "${BASH_REMATCH[1]}" "${BASH_REMATCH[3]:-0}"
	rate=$(awk '/Queries per second:/ { printf "%.0f", $4 }' "$dir/dnsperf")
	((rate > 0)) || fail "dnsperf: $(<"$dir/dnsperf")"
}

# prepare_servers COUNT: a store and a zone with that many EIPs, queries for them, and a network
prepare_servers() {
	prepare import_rows "$1" 4
	[[ -e $zone_file ]] || make_served_zone "$1" >"$zone_file"
	copy_prepared
	start_pinned_control
	# All that is measured goes before what else the machine does; nobody of it goes before the kernel's
	# threads for good, as with a real-time priority, because those carry the packets of sockets.
	renice --priority -20 $$ >/dev/null
	replay_write "$dir/names" "$1" "$queries" 4 text >"$dir/kinds"
	make_network
}
