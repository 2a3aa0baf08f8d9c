#!/usr/bin/awk -f
# Adds up what cargo test, Vitest and Playwright say of themselves: "N passed, N failed, N skipped".

function number_before(word,    text) {
  text = $0
  if (!match(text, "[0-9]+ " word)) return 0
  return substr(text, RSTART, RLENGTH) + 0
}

{ gsub(/\033\[[0-9;]*m/, "") }

# cargo:      test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; ...
/^test result:/ {
  passed += number_before("passed"); failed += number_before("failed"); skipped += number_before("ignored")
}

# Vitest:     Tests  1 failed | 12 passed | 2 skipped (15)
/^ *Tests  / {
  passed += number_before("passed"); failed += number_before("failed"); skipped += number_before("skipped")
}

# Playwright: "  12 passed (1.2m)", "  2 skipped", "  1 failed", each on its own line
/^ +[0-9]+ passed( \([^)]*\))?$/ { passed += $1 }
/^ +[0-9]+ failed$/ { failed += $1 }
/^ +[0-9]+ (skipped|did not run)$/ { skipped += $1 }

END { printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped }
