#!/usr/bin/env bash
# All tests, in two processes side by side: those that keep a Spark session at work, and all others, which mostly wait
# for servers. What the second says is shown when the first is through. Usage: scripts/test.sh .venv/bin
set -uo pipefail
bin=$1

said=$(mktemp)
"$bin/pytest" -o cache_dir=.pytest_cache/others --ignore=tests/spark --ignore=tests/live tests >"$said" 2>&1 &
others=$!
trap 'kill "$others" 2>/dev/null; rm -f "$said"' EXIT

"$bin/pytest" --durations=15 tests/spark tests/live
spark=$?
wait "$others"
other=$?
cat "$said"
[[ $spark -eq 0 && $other -eq 0 ]]
