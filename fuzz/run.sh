#!/usr/bin/env bash
# Runs every fuzz target for a bounded time: fuzz/run.sh [SECONDS] [TARGET...]
#
# Works on stable Rust: libFuzzer comes with the crate, and the coverage it is guided by is switched on by
# the flags below (those of `cargo fuzz --sanitizer none`). What it learns is kept in fuzz/corpus, inputs
# that break something are left in fuzz/artifacts; neither is committed. `fuzz/seeds` is.
set -euo pipefail
cd "$(dirname "$0")"

seconds=${1:-60}
shift || true
if [ $# -gt 0 ]; then
  targets=("$@")
else
  targets=()
  for file in targets/*.rs; do targets+=("$(basename "$file" .rs)"); done
fi

# A target triple keeps these flags away from build scripts and procedural macros.
triple=$(rustc -vV | sed -n 's/^host: //p')
export RUSTFLAGS='-Cpasses=sancov-module
  -Cllvm-args=-sanitizer-coverage-level=4
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
  -Cllvm-args=-sanitizer-coverage-pc-table
  -Cllvm-args=-sanitizer-coverage-trace-compares
  -Ccodegen-units=1 -Cdebug-assertions -Clink-dead-code'
cargo build --release --target "$triple" --target-dir target "${targets[@]/#/--bin=}"

for target in "${targets[@]}"; do
  printf '\n==> %s, %s s\n' "$target" "$seconds"
  mkdir -p "corpus/$target" "artifacts/$target"
  seeds=()
  if [ -d "seeds/$target" ]; then seeds=("seeds/$target"); fi
  "target/$triple/release/$target" -max_total_time="$seconds" -max_len=4096 -timeout=5 -rss_limit_mb=2048 \
    -print_final_stats=1 -artifact_prefix="artifacts/$target/" "corpus/$target" "${seeds[@]}"
done
