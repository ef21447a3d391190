#!/bin/bash
# ptrctl as a person uses it: typed into a terminal of 80 columns, and read from it.

source "$(dirname "$0")/lib.sh"
command -v tmux >/dev/null || skip "no tmux"
start_all

readonly ROWS=400000
cd "$dir"

terminal() {
	tmux -S "$dir/tmux" -f /dev/null "$@"
}

# Without the blanks at the ends of lines and the empty lines at its end. A failure shows the last one.
screen() {
	local text
	text=$(terminal capture-pane -p | sed 's/ *$//')
	echo "$text" | tee "$dir/screen.log"
}

on_screen() {
	screen | grep -qE -- "$1"
}

# The prompt stands alone in its line when a command has ended: its exit status, and which one is next.
prompt() {
	screen | tail -n 1 | sed -nE 's/^\[([0-9]+)\]#([0-9]+)>$/\1 \2/p'
}

# next_prompt NUMBER STATUS
next_prompt() {
	local status number
	read -r status number < <(prompt) && ((number > $1)) && [[ $status == "$2" ]]
}

# Keys as they are, then those that have names.
keys() {
	terminal send-keys -l "$1"
	(($# == 1)) || terminal send-keys "${@:2}"
}

# On an empty screen; its end is for ended().
start() {
	read -r _ started < <(prompt)
	keys "clear; $1" Enter
}

# ended [STATUS]
ended() {
	wait_for 60 next_prompt "$started" "${1:-0}"
}

# run COMMAND [STATUS]
run() {
	start "$1"
	ended "${2:-0}"
}

shows() {
	on_screen "$1" || fail "'$1' is not on the screen: $(screen)"
	echo "ok: $2"
}

# aligned COLUMN... : a table with that header, each row of which has a blank before each column and
# something in it. What the terminal has wrapped is the last column's.
aligned() {
	terminal capture-pane -pJ | awk -v header="$*" '
		BEGIN { n = split(header, titles, " ") }
		!seen && $1 == titles[1] { seen = 1
			for (i = 2; i <= n; i++)
				if (!(start[i] = index($0, " " titles[i])))
					wrong = 1
			next }
		/^\[/ { exit }
		seen { rows++
			for (i = 2; i <= n; i++)
				if (substr($0, start[i], 1) != " " || substr($0, start[i] + 1, 1) !~ /[^ ]/)
					wrong = 1 }
		END { exit !rows || wrong }' || fail "not a table of $*: $(screen)"
	echo "ok: the table of $* is aligned"
}

revision() {
	ptrctl --json status | jq .revision
}

terminal new-session -d -x 80 -y 50 "PS1='[\$?]#\\#> ' exec bash --norc --noprofile -i"
wait_for 30 next_prompt 0 0

echo "-- help"
run "ptrctl help"
shows '^  region move-prefix  [a-z]' "the commands, aligned"
shows '^exit status: 0 done' "and what the exit status means"
for command in region eip ptr project import export "region create" "ptr set" audit top; do
	run "ptrctl help $command | awk 'length > 80 { wide++ } END { print (NR > 0), wide + 0 }'"
	on_screen '^1 0$' || fail "help $command: $(screen)"
	run "ptrctl $command --help | md5sum; ptrctl help $command | md5sum"
	[[ $(screen | grep -c -- ' -$') == 2 && $(screen | grep -- ' -$' | uniq | wc -l) == 1 ]] ||
		fail "$command --help is not help $command: $(screen)"
done
echo "ok: of commands too, within 80 columns"

echo "-- completion"
# shellcheck disable=SC2016 # for the shell in the terminal
run 'source <(ptrctl completion bash)'
run true
# What is typed, and what it has become behind a TAB.
completes() {
	local typed becomes
	while IFS='|' read -r typed becomes; do
		keys "$typed" Tab
		wait_for 30 on_screen "> $becomes$"
		terminal send-keys C-u
		wait_for 30 next_prompt "$started" 0
	done
}
completes <<-'END'
	ptrctl reg|ptrctl region
	ptrctl region cr|ptrctl region create
	ptrctl region create eu --suf|ptrctl region create eu --suffix
	ptrctl --json ptr uns|ptrctl --json ptr unset
	ptrctl help exp|ptrctl help export
END
keys "ptrctl eip " Tab Tab
wait_for 30 on_screen '^bind +list +show +unbind$'
terminal send-keys C-u
wait_for 30 next_prompt "$started" 0
echo "ok: nouns, verbs and options"

echo "-- tables"
run "ptrctl region create eu-demo --prefix 203.0.113.0/24 --suffix example.com"
run "ptrctl region create us-east --prefix 10.0.0.0/12 --suffix example.com --detached"
completes <<-'END'
	ptrctl region show eu|ptrctl region show eu-demo
	ptrctl region move-prefix 10.0.0.0/13 eu|ptrctl region move-prefix 10.0.0.0/13 eu-demo
	ptrctl eip list --region us|ptrctl eip list --region us-east
	ptrctl region update us-east --suf|ptrctl region update us-east --suffix
END
echo "ok: names of regions are completed"
keys "ptrctl --socket /nowhere region show eu" Tab Space x
wait_for 30 on_screen "^\[0\].*> ptrctl --socket /nowhere region show eu x$"
terminal send-keys C-u
wait_for 30 next_prompt "$started" 0
echo "ok: without a control process there are none, and no complaint"
run "ptrctl eip bind 203.0.113.7 --project shop --id e-7; ptrctl eip bind 203.0.113.100 --id e-100"
run "ptrctl ptr set 203.0.113.7 mail.example.org --ttl 600 --tag env=prod"
shows '^address +203\.0\.113\.7$' "an object: a member on each line"
run "ptrctl region list"
aligned REGION STATE EIPS PTRS SERIAL SUFFIX PREFIXES
run "ptrctl eip list"
aligned ADDRESS REGION PROJECT TTL ANSWERS ID
run "ptrctl ptr list"
aligned ADDRESS REGION PROJECT TTL STATUS NAMES
run "ptrctl project list"
aligned PROJECT EIPS PTRS QUOTA DEFAULT
run "ptrctl audit --action eip.bind"
aligned REVISION WHEN WHO WHAT WHERE
run "ptrctl eip bind 203.0.113.8; ptrctl eip list | tail -n 2"
shows '^203\.0\.113\.8 +eu-demo  default  -    ecs-203-0-113-8\.example\.com\. ' \
	"an id without end leaves what stands before it in one line"

echo "-- errors"
run "ptrctl egg list" 2
shows '^ptrctl: egg: no such command$' "a noun that there is not"
shows "^  'ptrctl help' lists the commands$" "and where those are that there are"
run "ptrctl eip bnd 203.0.113.8" 2
shows '^ptrctl: eip bnd: no such command; there are:$' "a verb that there is not"
shows '^  eip bind +make an EIP exist' "and those that there are"
run "ptrctl --socket /nowhere eip list" 3
shows '^ptrctl: no control process at /nowhere: No such file or directory$' "no daemon"
shows '^  start ptrd-control, or name its socket' "and what to do"
run "ptrctl ptr set 203.0.113.9 a.example.org" 1
shows '^  bind the address first: ptrctl eip bind ADDRESS$' "a refusal says what to do next"
printf 'address,names\n203.0.113.20,a.example.org\n203.0.113.21,b_.-.org\n203.0.113.22,\n' >bad.csv
run "ptrctl import bad.csv" 1
shows '^bad.csv:3: DNS.0505: names\[0\]: ' "a bad row, by its line"
shows '^  nothing has been changed$' "and that it has stopped all of it"
run "ptrctl import bad.csv --on-error skip" 1
shows '^bad.csv:3: DNS.0505: names\[0\]: ' "a bad row, by its line"
shows '^3 rows: 2 loaded, 1 refused$' "and that the others are loaded"

echo "-- watch"
start "ptrctl watch"
watching() {
	ptrctl ptr set 203.0.113.7 "w$RANDOM.example.org" >/dev/null
	on_screen 'ptr\.set +203\.0\.113\.7 '
}
wait_for 30 watching
ptrctl eip unbind 203.0.113.100 >/dev/null
wait_for 30 on_screen 'eip\.unbind +203\.0\.113\.100 '
terminal send-keys C-c
ended 130
echo "ok: changes as they come, until Ctrl-C"

echo "-- an import of $ROWS rows"
awk -v n=$ROWS 'BEGIN { print "address,names"
	for (i = 0; i < n; i++)
		printf "10.%d.%d.%d,h%d.example.org\n", i / 65536, i / 256 % 256, i % 256, i }' >rows.csv
before=$(revision)
readonly BAR='^import  \[#*-+\]  +[0-9]+%  [0-9]+ rows  '
bar_to() {
	screen | grep -E "$BAR" | awk -v least="$1" '{ wide = length($0) >= least } END { exit !wide }'
}
# The terminal has another width while the bar stands still, because the daemon does.
start "ptrctl import rows.csv"
wait_for 60 on_screen "$BAR"
kill -STOP "${daemons[control]}"
expect 1 "$(screen | grep -c '%')" "a bar, in one line"
terminal resize-window -x 120 -y 50
kill -CONT "${daemons[control]}"
wait_for 60 bar_to 80
echo "ok: it goes along with the width"
kill -STOP "${daemons[control]}"
terminal send-keys C-c
ended 130
kill -CONT "${daemons[control]}"
expect "ptrctl: interrupted: nothing has been changed
[130]#$((started + 1))>" "$(screen)" "Ctrl-C takes the bar away"
expect 1 "$(terminal display-message -p '#{cursor_flag}')" "the cursor is there"
expect "$before" "$(revision)" "and nothing has been changed"
terminal resize-window -x 80 -y 50
run "stty -a | grep -o ' echo '; printf '%s\n' ready" 0
shows '^ready$' "the terminal is as it was"
shows '^ echo$' "and echoes"

# All that the terminal gets, the bars that are gone from the screen too.
terminal pipe-pane "cat >'$dir/written'"
run "ptrctl import rows.csv"
shows "^$ROWS rows: $ROWS loaded, 0 refused$" "to its end"
on_screen '%' && fail "the bar is still there: $(screen)"
written() {
	grep -q "$ROWS rows: $ROWS loaded" written
}
wait_for 30 written
expect "100%" "$(grep -oE '[0-9]+%' written | tail -n 1)" "the bar has come to 100 %"
terminal pipe-pane
terminal pipe-pane "cat >'$dir/written'"
run "ptrctl import rows.csv 2>&1 | cat"
shows "^$ROWS rows: $ROWS loaded, 0 refused$" "into a pipe"
wait_for 30 written
expect 0 "$(grep -c '%' written || true)" "there is no bar"
terminal kill-server
