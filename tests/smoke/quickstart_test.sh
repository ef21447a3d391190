#!/bin/bash
# scripts/quickstart from a fresh copy of the tree: run twice it works twice, and stop leaves
# nothing.

source "$(dirname "$0")/lib.sh"

readonly TREE=/run/tree LOG=/run/quickstart.log LIMIT=300
mkdir "$TREE"
: >$LOG
(cd "$root" && git -c safe.directory='*' ls-files -z --cached --others --exclude-standard |
	tar --null --no-recursion -c -T - 2>/dev/null) | tar -x -C "$TREE"
[[ -x $TREE/scripts/quickstart ]] || fail "no copy of the tree"

# What could stay behind, in a form to compare.
remains() {
	ip -br link | awk '{print $1}'
	ls /run /run/netns /run/dpdk 2>/dev/null
	awk '{print $2, $3}' /proc/mounts | grep -v /run/netns
	cat /proc/sys/vm/nr_hugepages
	pgrep -l ptrd || true
}

readonly DEFAULT=ecs-203-0-113-7.compute.example.com CUSTOM=mail.example.org
# Names that the three tools got, in the order of the output.
answers_of() {
	grep -E '(PTR|name =|name pointer)' "$1" | grep -oE "($DEFAULT|$CUSTOM)\.?$" | sed 's/\.$//'
}
wanted=$(for name in $DEFAULT $CUSTOM $DEFAULT; do printf '%s\n' "$name" "$name" "$name"; done)

# The directories of ip-netns(8) and mount(8) stay once anybody has used them.
ip netns add first
ip netns del first
mkdir -p /run/mount
before=$(remains)
for turn in first second; do
	start=$SECONDS
	timeout $LIMIT "$TREE/scripts/quickstart" >$LOG 2>&1 ||
		fail "the $turn run: $(tail -n 40 $LOG)"
	echo "the $turn run took $((SECONDS - start)) s"
	expect "$wanted" "$(answers_of $LOG)" "default, custom and default again, $turn run"
	for file in ptrd.yaml control.sock; do
		[[ -e /run/ptrd-demo/$file ]] || fail "no /run/ptrd-demo/$file"
	done
	expect "$DEFAULT." "$(ip netns exec ptrd-client dig @198.51.100.53 -x 203.0.113.7 +short)" \
		"it is left running"
	expect "$DEFAULT." \
		"$(ip netns exec ptrd-client dig @198.51.100.53 -x 203.0.113.7 +short +tcp)" \
		"over TCP too"
done
"$TREE/scripts/quickstart" stop
expect "$before" "$(remains)" "nothing is left behind"
"$TREE/scripts/quickstart" stop
expect "$before" "$(remains)" "a second stop does no harm"

echo "-- packages that are missing are installed"
mkdir /run/fake
for tool in dpkg-query apt-get; do
	printf '#!/bin/sh\necho %s "$@" >>/run/fake/log\n' "$tool" >"/run/fake/$tool"
done
# Of all packages only one is there.
cat >>/run/fake/dpkg-query <<'EOF'
case "$*" in *" meson") echo installed ;; *) exit 1 ;; esac
EOF
chmod +x /run/fake/*
PATH=/run/fake:$PATH "$TREE/scripts/packages" build
grep -q '^apt-get .*update' /run/fake/log || fail "no apt-get update: $(cat /run/fake/log)"
install=$(grep '^apt-get .*install' /run/fake/log)
[[ " $install " == *" libdpdk-dev "* && " $install " != *" meson "* ]] || fail "installs: $install"
echo "ok: just the missing ones"
