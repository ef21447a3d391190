#!/bin/bash
# Backup while changes go on, and restore: what comes back is the store as it was at one revision. What
# is no backup, or has no room, harms nothing.

source "$(dirname "$0")/lib.sh"
start_all

ptrctl region create eu-demo --prefix 203.0.113.0/24 --prefix 10.0.0.0/12 \
	--suffix compute.example.com >/dev/null
for i in {0..59999}; do
	printf '{"method":"eip.bind","params":{"address":"10.%d.%d.%d","project":"p%d"}}\n' \
		$((i >> 16)) $((i >> 8 & 255)) $((i & 255)) $((i % 7))
done | ptrctl batch --each 5000 - >/dev/null
ptrctl eip bind 203.0.113.7 >/dev/null
ptrctl ptr set 203.0.113.7 first.example.org >/dev/null

echo "-- a backup while changes go on"
(
	for i in {1..100000}; do
		[[ ! -e $dir/enough ]] || exit 0
		echo "{\"method\":\"ptr.set\",\"params\":{\"address\":\"203.0.113.7\",\"names\":[\"turn$i.example.org\"]}}"
	done | ptrctl batch --each 1 - >/dev/null
) &
writer=$!
disown
turning() {
	[[ $(ask 203.0.113.7) == turn* ]]
}
wait_for 60 turning
before=$(ptrctl --json status | jq .revision)
(cd "$dir" && ptrctl --json backup copy.db) >"$dir/backup.json"
after=$(ptrctl --json status | jq .revision)
touch "$dir/enough"
writer_gone() {
	! kill -0 "$writer" 2>/dev/null
}
wait_for 60 writer_gone
revision=$(jq .revision "$dir/backup.json")
((before <= revision && revision <= after)) ||
	fail "the backup's revision $revision is not between $before and $after"
expect "done" "$(jq -r .state "$dir/backup.json")" "backup finished at revision $revision"
expect "" "$(find "$dir" -maxdepth 1 -name '*.partial*')" "nothing half is left"

echo "-- what cannot be written"
refused() {
	local pattern=$1 status=0 out
	shift
	out=$("$@" 2>&1) || status=$?
	[[ $status == 1 && $out == *$pattern* ]] || fail "status $status: $out"
	echo "ok: $out"
}
refused "File exists" ptrctl backup "$dir/copy.db"
refused "No such file" ptrctl backup "$dir/none/copy.db"
refused "not absolute" ptrctl call node.backup '{"path":"copy.db"}'
refused "directory" ptrctl backup "$dir/"
mkdir "$dir/small"
mount -t tmpfs -o size=1m ptrd-small "$dir/small"
refused "disk" ptrctl backup "$dir/small/copy.db"
expect "" "$(ls "$dir/small")" "nothing is left on the full disk"

echo "-- restore"
refused "in use" ptrctl restore "$dir/copy.db" --config "$config"
ptrctl eip unbind 203.0.113.7 >/dev/null
end control
refused "no SQLite file" ptrctl restore "$config" --config "$config"
head -c 1000000 "$dir/copy.db" >"$dir/torn.db"
refused "damaged" ptrctl restore "$dir/torn.db" --config "$config"
refused "unable to open" ptrctl restore "$dir/missing.db" --config "$config"
python3 - "$dir" <<-'PYTHON'
	import sqlite3, sys
	dir = sys.argv[1]
	sqlite3.connect(dir + "/other.db").execute("CREATE TABLE t (a)")
	source, newer = sqlite3.connect(dir + "/copy.db"), sqlite3.connect(dir + "/newer.db")
	source.backup(newer)
	newer.execute("PRAGMA user_version = 1000")
PYTHON
refused "no store of ptrd" ptrctl restore "$dir/other.db" --config "$config"
refused "newer" ptrctl restore "$dir/newer.db" --config "$config"
start_control
status=0
ask 203.0.113.7 >"$dir/unbound" || status=$?
expect "" "$(cat "$dir/unbound")" "a refused restore changes nothing"
end control
# Backups are kept on another file system.
mkdir "$dir/elsewhere"
mount -t tmpfs ptrd-elsewhere "$dir/elsewhere"
cp "$dir/copy.db" "$dir/elsewhere/copy.db"
ptrctl --json restore "$dir/elsewhere/copy.db" --config "$config" >"$dir/restore.json"
expect "$revision" "$(jq .revision "$dir/restore.json")" "restored"
kept=$(jq -r .kept "$dir/restore.json")
[[ -s $kept ]] || fail "the old store is not kept: $kept"
start_control
expect "$revision" "$(ptrctl --json status | jq .revision)" "the revision is the backup's"
name=$(ptrctl --json ptr show 203.0.113.7 | jq -r '.names[0]')
[[ $name == turn*.example.org. ]] || fail "not the record of the backup: $name"
expect "$name" "$(ask 203.0.113.7)" "served again"
expect 60001 "$(ptrctl --json eip list --limit 1 | jq .total)" "all EIPs are there"
# The old one, again: restore takes any store.
end control
ptrctl restore "$kept" --config "$config" >/dev/null
start_control
expect 60000 "$(ptrctl --json eip list --limit 1 | jq .total)" "the kept one can come back"

echo "-- one restore after the other"
end control
for ((i = 0; i < 5; i++)); do
	ptrctl --json restore "$dir/copy.db" --config "$config" | jq -r .kept
done >"$dir/kept"
start_control
expect 5 "$(sort -u "$dir/kept" | xargs ls | wc -l)" "each keeps what it has replaced"

echo "-- restore in place of a ruined store"
# ruined COMMAND: spoils the store, whose log is one that nobody can read either.
ruined() {
	local store=$dir/state/ptrd.db
	end control
	"$@" "$store"
	head -c 100000 /dev/urandom >"$store-wal"
	cp "$store" "$dir/ruined"
	cp "$store-wal" "$dir/ruined-wal"
	ptrctl --json restore "$dir/copy.db" --config "$config" >"$dir/restore.json" 2>"$dir/restore.err" ||
		fail "$(cat "$dir/restore.err")"
	expect "ptrctl: restore: $store: file is not a database; it is kept as it is" \
		"$(cat "$dir/restore.err")" "$1: a word about it"
	kept=$(jq -r .kept "$dir/restore.json")
	cmp "$kept" "$dir/ruined"
	cmp "$kept-wal" "$dir/ruined-wal"
	[[ ! -e $store-wal && ! -e $store-shm ]] || fail "the new store has the log of the old one"
	start_control
	expect "$revision 60001" "$(ptrctl --json status | jq .revision) $(
		ptrctl --json eip list --limit 1 | jq .total)" "$1: the backup is in its place"
}
fill_with_text() {
	seq 20000 >"$1"
}
zero_header() {
	dd if=/dev/zero of="$1" bs=100 count=1 conv=notrunc status=none
}
ruined fill_with_text
ruined zero_header
