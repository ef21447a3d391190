#!/bin/bash
# Roles on the real socket: real users, whose groups the kernel tells, call ptrctl. No dataplane: what
# is shown is who may do what, and what a project is told of others.

# Without its mounts this would change the machine's own users.
source "$(dirname "$0")/lib.sh" || exit 1

cp /etc/passwd /run/passwd
cp /etc/group /run/group
cat >>/run/passwd <<-USERS
	alice:x:61001:61001::/:/bin/false
	bob:x:61002:61002::/:/bin/false
	carol:x:61003:61100::/:/bin/false
	victor:x:61004:61004::/:/bin/false
	mallory:x:61005:61005::/:/bin/false
USERS
cat >>/run/group <<-GROUPS
	shop:x:61100:bob
	noc:x:61200:victor
GROUPS
mount --bind /run/passwd /etc/passwd
mount --bind /run/group /etc/group

# shellcheck disable=SC2034 # read by make_config
control_config="  socket_mode: 0666
  ptr_quota: 2
  roles:
    - {user: alice, role: operator}
    - {group: shop, role: 'project:shop'}
    - {group: 61200, role: viewer}"
make_config

echo "-- a user that is not there"
sed 's/user: alice/user: nosuch/' "$config" >"$dir/wrong.yaml"
status=0
out=$("$build/control/ptrd-control" --config "$dir/wrong.yaml" 2>&1) || status=$?
expect 1 $status "the daemon does not start"
line=$(grep -n nosuch "$dir/wrong.yaml" | cut -d: -f1)
expect "$dir/wrong.yaml:$line: control.roles.0.user: there is no user \"nosuch\"" "$out" "and says why"

start_control
# Whoever may read the build directory, all of them may run it here.
cp "$build/control/ptrctl/ptrctl" /run/ptrctl

# as USER ARGUMENTS...: with the groups that a log-in would give; 61006 is in no file.
as() {
	local user=$1 ids
	shift
	case $user in
	alice) ids=(--reuid=61001 --regid=61001 --clear-groups) ;;
	bob) ids=(--reuid=61002 --regid=61002 "--groups=61300,61100") ;;
	carol) ids=(--reuid=61003 --regid=61100 --clear-groups) ;;
	victor) ids=(--reuid=61004 --regid=61004 --groups=61200) ;;
	mallory) ids=(--reuid=61005 --regid=61005 --clear-groups) ;;
	61006) ids=(--reuid=61006 --regid=61100 --clear-groups) ;;
	root) ids=(--clear-groups) ;;
	*) fail "who is $user?" ;;
	esac
	setpriv "${ids[@]}" -- /run/ptrctl "$@"
}

# may USER ARGUMENTS...
may() {
	as "$@" >"$dir/out" 2>&1 || fail "$*: $(cat "$dir/out")"
	echo "ok: $*"
}

# refused CODE USER ARGUMENTS...: with that code, exit status 1, and a hint what to do
refused() {
	local code=$1 status=0
	shift
	as "$@" >"$dir/out" 2>&1 || status=$?
	[[ $status == 1 && $(cat "$dir/out") == *"$code: "*$'\n'"  "* ]] ||
		fail "$*: status $status, not $code: $(cat "$dir/out")"
	echo "ok: $* is refused: $(sed -n 1p "$dir/out")"
}

echo "-- operators"
may alice region create eu --prefix 203.0.113.0/24 --suffix compute.example.com
may alice eip bind 203.0.113.1 --id one --project shop
may alice eip bind 203.0.113.2 --id two --project shop
may alice eip bind 203.0.113.3 --id three --project shop
may root eip bind 203.0.113.9 --id nine --project other
may root ptr set 203.0.113.9 secret.example.org
may root status

echo "-- a project: by a group that is not the first, by the first, of a user without a name"
may bob ptr set 203.0.113.1 Mail.Example.org --description "our mail" --tag env=prod --tag owner=
may carol ptr set eu:two www.example.org --ttl 60
may 61006 ptr set eu:two web.example.org
set_to=$(as carol --json ptr show eu:one | jq -r '"\(.address) \(.id) \(.project) \(.names[]) \(.description)"')
expect "203.0.113.1 eu:one shop mail.example.org. our mail" "$set_to" "what was set"
for command in "ptr show" "eip show"; do
	# shellcheck disable=SC2086 # words
	as bob $command 203.0.113.1 >"$dir/out"
	grep -Eq '^tags +env=prod, owner=$' "$dir/out" || fail "no tags: $(cat "$dir/out")"
	grep -Eq '^description +our mail$' "$dir/out" || fail "no description: $(cat "$dir/out")"
	echo "ok: $command tells description and tags"
done
mkdir -m 777 "$dir/exports"
for format in csv jsonl; do
	as bob --json eip list >"$dir/before"
	may bob export "$dir/exports/mine.$format"
	may bob import "$dir/exports/mine.$format"
	as bob --json eip list >"$dir/after"
	expect "$(cat "$dir/before")" "$(cat "$dir/after")" "what a project has exported as $format it may import"
done
refused DNS.0013 bob eip bind 203.0.113.50
refused DNS.0013 bob eip unbind 203.0.113.1
refused DNS.0013 bob region detach eu
refused DNS.0013 bob status
refused DNS.0013 bob backup "$dir/copy.db"
refused DNS.0013 bob project list
refused DNS.0013 bob project set shop --quota 100
refused DNS.0013 bob eip list --project other
refused DNS.0013 bob call batch '{"requests":[{"method":"eip.bind","params":{"address":"203.0.113.50"}}]}'
expect "3 2" "$(as bob --json region show eu | jq -r '"\(.eips) \(.ptrs)"')" "it counts its own"
expect 3 "$(as bob --json eip list | jq .total)" "and lists its own"
expect 4 "$(as alice --json eip list | jq .total)" "of those that there are"

echo "-- another's EIP is told of as one that is not bound"
# told ADDRESS ID COMMAND...: all that bob is told, without the address and the id
told() {
	local out
	out=$(as bob "${@:3}" 2>&1) && fail "bob: ${*:3} is accepted"
	out=${out//$1/ADDRESS}
	echo "${out//$2/ID}"
}
for command in "ptr show" "eip show" "ptr unset" "ptr set"; do
	name=
	[[ $command == "ptr set" ]] && name=x.example.org
	# shellcheck disable=SC2086 # words
	expect "$(told 203.0.113.77 none $command 203.0.113.77 $name)" \
		"$(told 203.0.113.9 nine $command 203.0.113.9 $name)" "$command by address"
	[[ $command == "eip show" ]] && continue
	# shellcheck disable=SC2086 # words
	expect "$(told 203.0.113.77 none $command eu:none $name)" \
		"$(told 203.0.113.9 nine $command eu:nine $name)" "$command by id"
done
expect secret.example.org. "$(ptrctl --json ptr show 203.0.113.9 | jq -r '.names[0]')" \
	"and it stays as it is"

echo "-- quota"
refused DNS.0405 bob ptr set 203.0.113.3 third.example.org
grep -q "project shop has 2 PTR records, and may have 2" "$dir/out" || fail "$(cat "$dir/out")"
may bob ptr set 203.0.113.1 again.example.org
may alice project set shop --quota 3
may bob ptr set 203.0.113.3 third.example.org
may alice project set shop --quota 1
expect "shop 1 false 3 3" "$(as bob --json project show shop |
	jq -r '"\(.project) \(.quota) \(.default) \(.eips) \(.ptrs)"')" "over its quota it keeps what it has"
may bob ptr unset eu:three
refused DNS.0405 bob ptr set 203.0.113.3 third.example.org
may alice project set shop --quota default
expect "other 2 shop 2" "$(as victor --json project list |
	jq -r '[.projects[] | "\(.project) \(.quota)"] | join(" ")')" "all projects"
status=0
as alice project set shop --quota many 2>/dev/null || status=$?
expect 2 $status "a quota that is no number"

echo "-- a viewer"
may victor status
may victor eip show 203.0.113.9
may victor ptr list --project other
refused DNS.0013 victor ptr set 203.0.113.9 x.example.org
refused DNS.0013 victor ptr unset 203.0.113.9
refused DNS.0013 victor region create us --prefix 192.0.2.0/24 --suffix example.net
refused DNS.0013 victor backup "$dir/copy.db"
[[ ! -e $dir/copy.db ]] || fail "there is a backup"

echo "-- nobody"
for words in status "eip list" "eip show 203.0.113.1" "ptr set 203.0.113.1 x.example.org" \
	"region list" "project show shop" "call batch"; do
	# shellcheck disable=SC2086 # words
	refused DNS.0013 mallory $words
done

echo "-- who did it is kept"
actors=$(
	python3 - "$dir/state/ptrd.db" <<-'PYTHON'
		import sqlite3, sys
		store = sqlite3.connect("file:" + sys.argv[1] + "?mode=ro", uri=True)
		print(*sorted(row[0] for row in store.execute("SELECT DISTINCT actor FROM audit")), sep=", ")
	PYTHON
)
expect "alice, bob (project:shop), carol (project:shop), root, uid 61006 (project:shop)" "$actors" "actors in the audit"
end control
