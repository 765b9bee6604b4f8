#!/usr/bin/env bash
# Two commands side by side, since one of them mostly waits. What the second says is shown when the first is through; if
# either fails, so does this. Usage: scripts/side_by_side.sh "make this" "make that"
set -uo pipefail

said=$(mktemp)
bash -c "$2" >"$said" 2>&1 &
second=$!
trap 'kill "$second" 2>/dev/null; rm -f "$said"' EXIT

bash -c "$1"
first_ended=$?
wait "$second"
second_ended=$?
cat "$said"
[[ $first_ended -eq 0 && $second_ended -eq 0 ]]
