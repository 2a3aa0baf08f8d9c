#!/usr/bin/env bash
# Runs a command as a named step and says how long it took: scripts/step.sh NAME COMMAND...
# With SABHA_STEPS set to a file, the line is also appended there, for a summary at the end.
set -uo pipefail

name=$1
shift
printf '\n==> %s\n' "$name"
start=$SECONDS
"$@"
status=$?
if [ "$status" = 0 ]; then outcome=ok; else outcome="failed ($status)"; fi
line=$(printf '%-28s %5d s  %s' "$name" $((SECONDS - start)) "$outcome")
printf '<== %s\n' "$line"
if [ -n "${SABHA_STEPS:-}" ]; then printf '%s\n' "$line" >>"$SABHA_STEPS"; fi
exit "$status"
