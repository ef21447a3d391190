#!/bin/bash
# scripts/quickstart on a Debian 12 that has none of the packages: a minimal one is made in a folder, and
# the clone in it is all that it knows of ptrd. The packages come over the machine's own network, all else
# happens in namespaces of the test's own.

set -euo pipefail

readonly LIMIT=300 SKIPPED=77
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
readonly root

if [[ -z ${PTRD_FRESH_MOUNTS:-} ]]; then
	export PTRD_FRESH_MOUNTS=1
	exec unshare --mount --propagation private "$0" "$@"
fi

fail() {
	echo "FAIL: $*" >&2
	exit 1
}

# Every sources.list there is, so that the new machine installs from where this one does.
mirror() {
	cat /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources} 2>/dev/null | grep -v '^#' |
		grep -oE '(https?|file|mirror\+[a-z]+)://[^] ]+' | head -n 1
}

machine=$(mktemp -d /var/tmp/ptrd-fresh.XXXXXX)
chmod 755 "$machine" # apt reads its files as a user of its own
cleanup() {
	# Lazily: what this shell's children still hold goes with them.
	umount --recursive --lazy "$machine" 2>/dev/null || true
	rm -rf --one-file-system "$machine"
}
trap cleanup EXIT

make_machine() {
	debootstrap --variant=minbase bookworm "$machine" "$(mirror)" >"$machine.log" 2>&1 || {
		tail -n 5 "$machine.log"
		rm -f "$machine.log"
		echo "no minimal Debian could be made here"
		exit $SKIPPED
	}
	rm -f "$machine.log" "$machine/etc/apt/sources.list"
	cp -r /etc/apt/sources.list* /etc/apt/apt.conf.d "$machine/etc/apt/"
	cp /etc/resolv.conf /etc/hosts "$machine/etc/"
	# ip-netns(8) wants a root that is a mount.
	mount --bind "$machine" "$machine"
	mount -t proc proc "$machine/proc"
	mount -t sysfs sysfs "$machine/sys"
	mount --bind /dev "$machine/dev"
	mount -t tmpfs tmpfs "$machine/run"
}

in_machine() {
	chroot "$machine" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

make_machine
git -c safe.directory='*' clone -q "$root" "$machine/root/ptrd"
in_machine sh -c '! command -v meson && ! command -v gcc && ! command -v dig' ||
	fail "this machine is not fresh"

start=$SECONDS
in_machine /root/ptrd/scripts/packages build
packages=$((SECONDS - start))
# From here on with a network of its own, where quickstart's names disturb nobody.
# shellcheck disable=SC2016 # expanded in there
timeout "$LIMIT" unshare --net --pid --fork --kill-child chroot "$machine" /usr/bin/env -i HOME=/root \
	PATH=/usr/sbin:/usr/bin:/sbin:/bin sh -c 'mount -t proc proc /proc && ip link set lo up &&
		/root/ptrd/scripts/quickstart && /root/ptrd/scripts/quickstart stop' >"$machine/log" 2>&1 ||
	fail "quickstart: $(tail -n 30 "$machine/log")"
seconds=$((SECONDS - start))

readonly DEFAULT=ecs-203-0-113-7.compute.example.com CUSTOM=mail.example.org
answers=$(grep -E '(PTR|name =|name pointer)' "$machine/log" | grep -oE "($DEFAULT|$CUSTOM)\.?$" |
	sed 's/\.$//' | uniq -c | awk '{ print $1, $2 }')
[[ $answers == "3 $DEFAULT
3 $CUSTOM
3 $DEFAULT" ]] || fail "answers: $answers"
echo "packages $packages s, all $seconds s"
((seconds < LIMIT)) || fail "over $LIMIT s"
echo "ok: default, custom and default again from a machine without the packages"
