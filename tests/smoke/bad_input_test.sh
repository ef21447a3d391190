#!/bin/bash
# Bad input on the control socket: a clear error with its code, the connection usable afterwards,
# and nothing changed.

source "$(dirname "$0")/lib.sh"
start_all

ptrctl region create eu-demo --prefix 203.0.113.0/24 --suffix compute.example.com >/dev/null
ptrctl eip bind 203.0.113.7 --project shop --id eip-7 >/dev/null
ptrctl eip bind 203.0.113.8 >/dev/null
ptrctl ptr set 203.0.113.7 mail.example.org --ttl 600 >/dev/null
before=$(export_store)

# One on a line: the code that it has to get, what the message has to tell, the line itself.
label=$(printf 'a%.0s' {1..64})
name=$(printf 'a234567890.%.0s' {1..24})
set_ptr='{"jsonrpc":"2.0","id":1,"method":"ptr.set","params":{"address":"203.0.113.8"'
bind='{"jsonrpc":"2.0","id":1,"method":"eip.bind","params":{"address"'
create='{"jsonrpc":"2.0","id":1,"method":"region.create","params":{"suffix":"x.example"'
list='{"jsonrpc":"2.0","id":1,"method":"eip.list","params"'
cat >"$dir/cases" <<-EOF
	DNS.0002|JSON|{
	DNS.0002|JSON|this is no JSON
	DNS.0002||"ptr.set"
	DNS.0002||[]
	DNS.0002|batch|[{"jsonrpc":"2.0","id":1,"method":"node.status"}]
	DNS.0002||{"jsonrpc":"2.0","id":1}
	DNS.0002||{"jsonrpc":"2.0","id":1,"method":7}
	DNS.0002|ptr.frob|{"jsonrpc":"2.0","id":1,"method":"ptr.frob","params":{}}
	DNS.0002|params|{"jsonrpc":"2.0","id":1,"method":"ptr.set","params":["203.0.113.8"]}
	DNS.0002|names|$set_ptr}}
	DNS.0002|names|$set_ptr,"names":"a.example."}}
	DNS.0002|ttl|$set_ptr,"names":["a.example."],"ttl":"600"}}
	DNS.0002|tll|$set_ptr,"names":["a.example."],"tll":600}}
	DNS.0002|address|{"jsonrpc":"2.0","id":1,"method":"ptr.set","params":{"names":["a.example."]}}
	DNS.0002|address|{"jsonrpc":"2.0","id":1,"method":"ptr.set","params":{"address":7,"names":["a.example."]}}
	DNS.0506|ttl|$set_ptr,"names":["a.example."],"ttl":0}}
	DNS.0506|ttl|$set_ptr,"names":["a.example."],"ttl":-1}}
	DNS.0506|ttl|$set_ptr,"names":["a.example."],"ttl":2147483648}}
	DNS.0505|names|$set_ptr,"names":[]}}
	DNS.0505|names|$set_ptr,"names":["a.b","b.b","c.b","d.b","e.b","f.b","g.b","h.b","i.b","j.b","k.b"]}}
	DNS.0505|names|$set_ptr,"names":[""]}}
	DNS.0505|names|$set_ptr,"names":["$label.example"]}}
	DNS.0505|names|$set_ptr,"names":["${name}toolong."]}}
	DNS.0505|names|$set_ptr,"names":["*.example.org"]}}
	DNS.0505|names|$set_ptr,"names":["-a.example.org"]}}
	DNS.0505|names|$set_ptr,"names":["a..example.org"]}}
	DNS.0505|names|$set_ptr,"names":["a b.example.org"]}}
	DNS.0505|names|$set_ptr,"names":["bücher.example"]}}
	DNS.0502|203.0.113.9|{"jsonrpc":"2.0","id":1,"method":"ptr.set","params":{"address":"203.0.113.9","names":["a.example."]}}
	DNS.0502|203.0.113.9|{"jsonrpc":"2.0","id":1,"method":"eip.unbind","params":{"address":"203.0.113.9"}}
	DNS.0507|203.0.113.8|{"jsonrpc":"2.0","id":1,"method":"ptr.get","params":{"address":"203.0.113.8"}}
	DNS.0602|32|$bind:"203.0.113.0/24"}}
	DNS.0602|address|$bind:"203.0.113.256"}}
	DNS.0602|address|$bind:"203.0.113.07"}}
	DNS.0602|address|$bind:"203.0.113"}}
	DNS.0602|address|$bind:" 203.0.113.10"}}
	DNS.0602|address|$bind:"2001:db8::1/64"}}
	DNS.0601|192.0.2.1|$bind:"192.0.2.1"}}
	DNS.0504|id|$bind:"203.0.113.10","id":"no spaces"}}
	DNS.0504|id|$bind:"203.0.113.7","id":"another","project":"shop"}}
	DNS.0601|nowhere|{"jsonrpc":"2.0","id":1,"method":"region.get","params":{"name":"nowhere"}}
	DNS.0601|nowhere|{"jsonrpc":"2.0","id":1,"method":"region.detach","params":{"name":"nowhere"}}
	DNS.0601|name|$create,"name":"EU","prefixes":["192.0.2.0/24"]}}
	DNS.0601|prefix|$create,"name":"two","prefixes":["203.0.113.128/25"]}}
	DNS.0601|prefix|$create,"name":"two","prefixes":["192.0.2.1/24"]}}
	DNS.0006|limit|$list:{"limit":0}}
	DNS.0006|limit|$list:{"limit":501}}
	DNS.0007|marker|$list:{"marker":"nonsense"}}
	DNS.0017|offset|$list:{"offset":-1}}
	DNS.0506|requests[1]|{"jsonrpc":"2.0","id":1,"method":"batch","params":{"requests":[{"method":"eip.bind","params":{"address":"203.0.113.50"}},{"method":"ptr.set","params":{"address":"203.0.113.50","names":["a.example."],"ttl":0}}]}}
	DNS.0002|requests[0]|{"jsonrpc":"2.0","id":1,"method":"batch","params":{"requests":[{"method":"batch","params":{"requests":[]}}]}}
EOF

# Each is sent on one and the same connection, with a request that has to work behind it.
good='{"jsonrpc":"2.0","id":"good","method":"eip.get","params":{"address":"203.0.113.7"}}'
while IFS='|' read -r _ _ line; do
	printf '%s\n%s\n' "$line" "$good"
done <"$dir/cases" >"$dir/lines"
# An oversized line: 2 MiB, and well-formed but for its length.
{
	printf '%s,"names":["' "$set_ptr"
	head -c 2097152 /dev/zero | tr '\0' a
	printf '"]}}\n%s\n' "$good"
} >>"$dir/lines"
echo "DNS.0002|1048576|(a line of 2 MiB)" >>"$dir/cases"

exchange "$socket" <"$dir/lines" >"$dir/replies" || fail "the connection was lost"
want=$(($(wc -l <"$dir/cases") * 2))
expect "$want" "$(wc -l <"$dir/replies")" "every line got one reply"

wrong=0
while IFS='|' read -r code text line <&3; do
	read -r reply <&4
	read -r after <&4
	if ! jq -e --arg code "$code" --arg text "$text" '.error.data.code == $code and
		(.error.message | contains($text)) and (has("result") | not)' \
		<<<"$reply" >/dev/null; then
		echo "want $code naming '$text' for: ${line:0:200}"
		echo "got $reply"
		wrong=$((wrong + 1))
	fi
	if ! jq -e '.id == "good" and .result.ptr.names == ["mail.example.org."]' \
		<<<"$after" >/dev/null; then
		echo "the next request does not work after: ${line:0:200}"
		echo "got $after"
		wrong=$((wrong + 1))
	fi
done 3<"$dir/cases" 4<"$dir/replies"
expect 0 "$wrong" "every refusal has its code and names what is wrong"

# JSON-RPC's own codes
codes=$(jq -r '.error.code // empty' "$dir/replies" | sort -nu | paste -sd' ')
expect "-32700 -32602 -32601 -32600 -32000" "$codes" "JSON-RPC codes"

expect "$before" "$(export_store)" "nothing changed in the store"
expect mail.example.org. "$(ask 203.0.113.7)" "nothing changed in answers: the custom PTR"
expect ecs-203-0-113-8.compute.example.com. "$(ask 203.0.113.8)" "nor the default PTR"
expect "" "$(ask 203.0.113.50)" "nothing of the refused batch is served"

echo "-- ptrctl tells it, and its exit status"
status=0
out=$(ptrctl ptr set 203.0.113.8 a.example --ttl 0 2>&1) || status=$?
expect 1 "$status" "refused: 1"
[[ $out == "ptrctl: ptr set: DNS.0506: "*ttl* ]] || fail "message: $out"
status=0
ptrctl ptr set 203.0.113.8 2>/dev/null || status=$?
expect 2 "$status" "usage: 2"

echo "-- while the dataplane takes up nothing: stored, and said so"
kill -STOP "${daemons[dataplane]}"
cat >"$dir/requests" <<-EOF
	{"method":"region.create","params":{"name":"late","prefixes":["192.0.2.0/25"],"suffix":"late.example"}}
	{"method":"eip.bind","params":{"address":"192.0.2.1"}}
EOF
ptrctl batch "$dir/requests" >"$dir/batch" 2>&1 &
batch=$!
status=0
out=$(ptrctl region create later --prefix 192.0.2.128/25 --suffix later.example 2>&1) || status=$?
expect 4 "$status" "stored, not yet served: 4"
[[ $out == "ptrctl: region create: DNS.0503: stored, "* ]] || fail "message: $out"
status=0
wait "$batch" || status=$?
expect 4 "$status" "a batch that is stored: 4"
[[ $(<"$dir/batch") == *"stored: the 2 requests up to line 2;"* ]] || fail "$(<"$dir/batch")"
ptrctl ptr set 203.0.113.8 other.example >/dev/null || fail "another region waits as well"
kill -CONT "${daemons[dataplane]}"
ptrctl region create later --prefix 192.0.2.128/25 --suffix later.example >/dev/null
expect ecs-192-0-2-1.late.example. "$(ask 192.0.2.1)" "and served when it goes on"
expect other.example. "$(ask 203.0.113.8)" "the other region's change too"
end control
status=0
out=$(ptrctl status 2>&1) || status=$?
expect 3 "$status" "no daemon: 3"
[[ $out == *"$socket"* ]] || fail "the message does not name the socket: $out"
