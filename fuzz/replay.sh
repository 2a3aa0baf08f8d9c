#!/usr/bin/env bash
# Gives every fuzz target its seeds once, without looking for more: fuzz/replay.sh DIRECTORY
#
# DIRECTORY has the programs, as `cargo build` leaves them; the coverage that fuzzing is guided by is not needed for this.
set -euo pipefail
programs=$(realpath "$1")
cd "$(dirname "$0")"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for folder in seeds/*/; do
  target=$(basename "$folder")
  if ! "$programs/$target" -timeout=20 -artifact_prefix="$scratch/" "$folder"* >"$scratch/log" 2>&1; then
    cat "$scratch/log" >&2
    echo "fuzz target $target fails on one of its seeds" >&2
    exit 1
  fi
done
