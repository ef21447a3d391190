#!/bin/bash
# ptrctl verify: the node's answer, and whether the names in it lead back (Unbound resolves them).

source "$(dirname "$0")/lib.sh"

services="$SERVICE, $SERVICE6"
start_all
ptrctl region create eu-demo --prefix 203.0.113.0/24 --prefix 2001:db8:1::/48 \
	--suffix compute.example.com >/dev/null
for address in 203.0.113.7 203.0.113.8 203.0.113.9 2001:db8:1::7; do
	ptrctl eip bind "$address" >/dev/null
done
ptrctl ptr set 203.0.113.7 mail.example.org >/dev/null
ptrctl ptr set 203.0.113.8 mail.example.org www.example.org >/dev/null
ptrctl ptr set 2001:db8:1::7 mail.example.org >/dev/null

mkdir "$dir/unbound"
cat >"$dir/unbound.conf" <<-EOF
	server:
	    directory: "$dir/unbound"
	    chroot: ""
	    username: ""
	    pidfile: "$dir/unbound/pid"
	    use-syslog: no
	    interface: 127.0.0.1
	    do-daemonize: no
	    module-config: "iterator"
	    local-zone: "." static
	    local-data: "mail.example.org. A 192.0.2.1"
	    local-data: "mail.example.org. A 203.0.113.7"
	    local-data: "mail.example.org. AAAA 2001:db8:1::7"
	    local-data: "www.example.org. A 203.0.113.8"
	remote-control:
	    control-enable: no
EOF
unbound -d -c "$dir/unbound.conf" >"$dir/unbound.log" 2>&1 &
disown
resolver_ready() {
	dig @127.0.0.1 mail.example.org +tries=1 +time=1 >/dev/null
}
wait_for 60 resolver_ready

# verify STATUS PATTERN ARGUMENTS...
verify() {
	local want=$1 pattern=$2 status=0 out
	shift 2
	out=$(ptrctl verify "$@" 2>&1) || status=$?
	# shellcheck disable=SC2053 # the addresses of a name come in any order: a pattern
	[[ $status == "$want" && $out == *$pattern* ]] || fail "$*: status $status: $out"
	echo "ok: ${out//$'\n'/ }"
}
verify 0 "mail.example.org.  confirmed: *203.0.113.7" 203.0.113.7 --resolver 127.0.0.1
verify 0 "confirmed: 2001:db8:1::7" 2001:db8:1::7/128 --resolver 127.0.0.1
verify 0 "at $SERVICE6:" 203.0.113.7/32 --server $SERVICE6 --resolver 127.0.0.1
verify 1 "mail.example.org.  NOT CONFIRMED: *203.0.113.7" 203.0.113.8 --resolver 127.0.0.1
verify 1 "www.example.org.  confirmed: 203.0.113.8" 203.0.113.8 --resolver 127.0.0.1
verify 1 "NOT CONFIRMED: there is no such name" 203.0.113.9 --resolver 127.0.0.1
verify 1 "there is no such name" 203.0.113.10 --resolver 127.0.0.1
verify 1 "in no region" 192.0.2.77 --resolver 127.0.0.1
verify 2 "no single IP address" 203.0.113.0/24
verify 2 "no IP address" 203.0.113.7 --resolver localhost
expect true "$(ptrctl --json verify 203.0.113.7 --resolver 127.0.0.1 |
	jq '.confirmed and .names[0].confirmed')" "as JSON"
end dataplane
verify 1 "203.0.113.7 at $SERVICE:" 203.0.113.7 --resolver 127.0.0.1
end control
verify 3 "no control process" 203.0.113.7 --resolver 127.0.0.1
