# Answers per second between two `ptrctl top`s, if every query had one of the outcomes that the queries
# have, each with its share.
def workers: .readers[1:];
def outcomes: [workers[].outcomes] | map(to_entries) | add | group_by(.key)
	| map({key: .[0].key, value: (map(.value) | add)}) | from_entries;
def event($name): [workers[].events[$name]] | add;
def near($share; $count): $count / $queries - $share | fabs < 0.01;

($kinds / " " | map(tonumber)) as [$custom, $default, $miss]
| (.[1] | outcomes) as $got
| ([$got[]] | add) as $all
| if ([.[1] | event("tx_full", "frame_short", "frame_long", "frame_foreign", "frame_checksum")] | add) == 0
	and $got.ptr_custom + $got.ptr_default + $got.nxdomain == $all
	and near($got.nxdomain / $all; $miss)
	and (($custom_too | not) or near($got.ptr_custom / $all; $custom))
	and (.[1].time_us > .[0].time_us)
then (((.[1] | event("tx")) - (.[0] | event("tx"))) * 1e6 / (.[1].time_us - .[0].time_us) | round)
else error("an outcome that the queries do not have") end
