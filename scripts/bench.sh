#!/usr/bin/env bash
# Takes the figures that docs/benchmarks.md records, with the release build on localhost. `make bench-long` builds it first.
#
#   scripts/bench.sh [MINUTES]    length of the soak; 10 unless told
set -euo pipefail
cd "$(dirname "$0")/.."

minutes=${1:-10}
if [ "$(id -u)" = 0 ]; then
  # What was not reached or could not be measured is in its output; the rest is worth having all the same.
  scripts/step.sh 'compared with others' target/release/sabha-bench all || true
else
  echo 'compared with others: skipped, a network namespace needs root'
fi

data=$(mktemp -d)
target/release/sabha serve --output json --listen 127.0.0.1:0 --data "$data" >"$data/first-line" 2>"$data/log" &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; rm -rf "$data"' EXIT

# The server says where it is once it listens.
for _ in $(seq 100); do
  [ -s "$data/first-line" ] && break
  kill -0 "$server" || { cat "$data/log" >&2; exit 1; }
  sleep 0.1
done
SABHA_NEW_MEETING_URL=$(sed -n 's/.*"new_meeting_url":"\([^"]*\)".*/\1/p' "$data/first-line")
export SABHA_NEW_MEETING_URL

scripts/step.sh 'joins, headless' target/release/sabha-client join-times --joins 30
scripts/step.sh 'a crowd at once' target/release/sabha-client crowd --over 0
scripts/step.sh 'a crowd in a minute' target/release/sabha-client crowd --over 60
scripts/step.sh 'soak' target/release/sabha-client soak --minutes "$minutes" --server-pid "$server"
SABHA_BIN=$PWD/target/release/sabha scripts/step.sh 'in browsers' npm --prefix web run measure
