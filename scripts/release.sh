#!/usr/bin/env bash
# Writes what a release says of itself, from the programs in target/release: bills of materials, VEX, advisories. `make release` calls it.
#
#   scripts/release.sh FOLDER [ORIGIN KEY_FILE]
#
# With an origin (https://security.example.org) and the file of a key, also a folder that any web server serves there: a trusted
# provider of CSAF with every document signed.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly folder=${1:?the folder} origin=${2:-} key_file=${3:-}

rm -rf "$folder"
mkdir -p "$folder"
(cd target/release && sha256sum sabha sabha-client) > "$folder/SHA256SUMS"
cargo xtask bom "$folder"

# Advisories about Sabha itself, and what is known of its parts.
documents=("$folder"/sabha-vex-*.json)
while IFS= read -r -d '' advisory; do
  documents+=("$advisory")
done < <(find advisories -name '*.json' -print0 | sort -z)
for document in "${documents[@]}"; do
  target/release/sabha advisory validate "$document"
done

if [ -n "$origin" ]; then
  [ -n "$key_file" ] || { echo "release: KEY_FILE is missing: the file of the key that signs" >&2; exit 1; }
  target/release/sabha advisory site --origin "$origin" --key-file "$key_file" --to "$folder/site" "${documents[@]}"
fi
