#!/usr/bin/env bash
# Runs every suite, the later ones also when an earlier one failed, and prints the total.
# The browser tests and those of the headless client drive the development build of the server that stands here, so that no
# second build is needed.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

mkdir -p target
log=$(mktemp target/test-XXXXXX.log)
trap 'rm -f "$log"' EXIT
status=0

suite() { scripts/step.sh "$@" 2>&1 | tee -a "$log" || status=1; }

suite 'build' cargo build --workspace --bins --examples --locked
built=$(realpath "${CARGO_TARGET_DIR:-target}/debug/sabha")
export SABHA_BIN="${SABHA_BIN:-$built}"
suite 'Rust tests' cargo test --workspace --locked --no-fail-fast
# A workspace of its own, whose manifest says why; in the same target directory. Not `--locked`: a dependency that is new to
# the workspace is new to this lockfile too.
suite 'other WebRTC stacks' cargo test --manifest-path interop/Cargo.toml --target-dir "${CARGO_TARGET_DIR:-target}" \
  --no-fail-fast
suite 'web unit tests' npm --prefix web test
suite 'browser tests' npm --prefix web run e2e

printf '\n'
scripts/tally.awk "$log" | tee -a "${SABHA_TOTAL:-/dev/null}"
exit "$status"
