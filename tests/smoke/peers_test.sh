#!/bin/bash
# The contract's queries, put to Knot DNS and NSD as well, which serve the same data from zone
# files: every difference is one that is listed with its reason, and every one that is listed is
# there.

source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/contract.sh"
PATH=$PATH:/usr/sbin
for program in knotd nsd; do
	command -v $program >/dev/null || skip "no $program"
done
contract_config
start_all
contract_load
start_peers
in_client contract_peers "$SERVICE" "knot=$KNOT" "nsd=$NSD"
