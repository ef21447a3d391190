#!/bin/bash
# 10,000 times a change, then a query at once: acknowledged means served.

source "$(dirname "$0")/lib.sh"
start_all

ptrctl region create eu-demo --prefix 203.0.113.0/24 --suffix compute.example.com >/dev/null
for i in {0..99}; do
	echo "{\"method\":\"eip.bind\",\"params\":{\"address\":\"203.0.113.$i\"}}"
done | ptrctl batch -

in_client stale "$socket" "$SERVICE" 10000
