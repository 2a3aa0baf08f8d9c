# Everything a newcomer, a developer or CI runs. `make help` lists it.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

# Arguments for the server: make run ARGS="--listen 0.0.0.0:8443"
ARGS ?=
# Length of the soak of `make bench-long`.
MINUTES ?= 10
# What `make test-impaired` does to media, and to which files; all if there are none.
LINK ?= loss=2%,reorder=2%,jitter=10ms
FILES ?=
# Where `make release` puts what it makes; the address at which its documents will be served, and the key that signs them.
RELEASE ?= target/release-documents
ORIGIN ?=
KEY_FILE ?=
# Running time of each fuzz target.
SECONDS_EACH := $(if $(filter command line,$(origin SECONDS)),$(SECONDS),60)

step := scripts/step.sh
# CI names the one that it has built with the workspace: alone it has other features, and is built with its dependencies anew.
xtask ?= cargo xtask
# Quick ones first.
checks := check-format check-generated check-rules check-walls check-licences check-scripts check-web \
  check-clippy check-docs check-wasm check-fuzz check-deny
# What the browser runs of the cryptography is compiled from these.
wasm_sources := Cargo.lock $(shell find crates/crypto-wasm crates/opaque-wasm crates/crypto crates/delivery crates/admission crates/policy crates/protocol \
  -name '*.rs' -o -name Cargo.toml 2>/dev/null) $(shell find crates/xtask-wasm -type f 2>/dev/null)
wasm := web/src/e2ee/wasm/crypto_bg.wasm
web_sources := $(shell find web -path web/node_modules -prune -o -path web/dist -prune -o -path web/e2e -prune \
  -o -path web/test-results -prune -o -path web/src/e2ee/wasm -prune -o -type f -print 2>/dev/null)

.PHONY: help run test test-impaired check web fuzz bench bench-forwarding bench-long bench-programs release format setup-run setup-test \
  $(checks)

help: ## Lists the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

run: setup-run web ## Builds everything, starts Sabha on localhost and prints the link to a first meeting
	@cargo build --release --locked --package sabha-server
	@exec target/release/sabha serve $(ARGS)

test: setup-test web ## Runs the Rust, web and browser tests and prints the total
	@scripts/test.sh

test-impaired: setup-test web ## Runs the browser tests over a bad network: LINK='loss=2%,reorder=2%,jitter=10ms' FILES='media'
	@cargo build --workspace --bins --examples --locked
	@SABHA_E2E_LINK='$(LINK)' SABHA_BIN="$${SABHA_BIN:-$(CURDIR)/target/debug/sabha}" npm --prefix web run e2e -- $(FILES)

check: setup-test web $(checks) ## Checks formatting, lints, walls, licences, rules and docs

web: web/dist/index.html ## Builds the web client, which the server embeds

web/dist/index.html: $(web_sources) $(wasm)
	@scripts/setup.sh run
	@$(step) 'web client' npm --prefix web run build
	@touch $@

$(wasm): $(wasm_sources)
	@scripts/setup.sh run
	@$(step) 'cryptography for the browser' cargo wasm
	@touch $@

fuzz: ## Runs every fuzz target for SECONDS=60 seconds each
	@fuzz/run.sh $(SECONDS_EACH)

bench: setup-run web bench-programs ## Compares speed and memory with those of others, short, in ten minutes; needs root
	@target/release/sabha-bench quick

bench-forwarding: bench-programs ## Compares the cost of forwarding alone, thoroughly; needs root
	@target/release/sabha-bench forwarding

bench-long: setup-test web bench-programs ## Takes the figures of docs/benchmarks.md: all that, joins, a soak of MINUTES=10, browsers
	@scripts/bench.sh $(MINUTES)

bench-programs:
	@cargo build --release --locked --package sabha-server --bin sabha
	@cargo build --release --locked --package sabha-client --bins --example plain_forwarder --package sabha-bench

release: setup-run web ## Builds the programs, and what they are made of: bills of materials, VEX; with ORIGIN and KEY_FILE as a signed site
	@cargo build --release --locked --package sabha-server --bin sabha --package sabha-client --bin sabha-client
	@scripts/release.sh '$(RELEASE)' '$(ORIGIN)' '$(KEY_FILE)'

format: ## Formats Rust and web sources and writes the generated files
	@cargo fmt --all
	@cargo fmt --manifest-path fuzz/Cargo.toml
	@cargo fmt --manifest-path interop/Cargo.toml
	@node scripts/complete-lockfile.mjs
	@npm --prefix web run format
	@cargo xtask codegen
	@cargo xtask rules

setup-run:
	@scripts/setup.sh run

setup-test:
	@scripts/setup.sh test

check-format:
	@$(step) 'formatting' cargo fmt --all --check
	@$(step) 'formatting of fuzz targets' cargo fmt --manifest-path fuzz/Cargo.toml --check
	@$(step) 'formatting of interop' cargo fmt --manifest-path interop/Cargo.toml --check

check-generated:
	@$(step) 'generated files' $(xtask) codegen --check

check-rules:
	@$(step) 'rules' $(xtask) rules --check

check-walls:
	@$(step) 'walls' $(xtask) walls

check-licences:
	@$(step) 'licences' $(xtask) licences

check-scripts:
	@if command -v shellcheck >/dev/null; then $(step) 'scripts' shellcheck scripts/*.sh fuzz/*.sh .ci/run; \
	  else echo 'scripts: skipped, shellcheck is not installed'; fi

check-web:
	@$(step) 'web checks' npm --prefix web run check

check-clippy:
	@$(step) 'clippy' cargo clippy --workspace --all-targets --locked -- -D warnings

# Examples make cargo choose the features of all targets, which are those of clippy: what clippy has checked is not checked again.
# Of the programs those whose name is not their library's too, as cargo itself would choose.
check-docs:
	@RUSTDOCFLAGS='-D warnings' $(step) 'docs' cargo doc --workspace --lib --examples --bin sabha --bin sabha-bench --bin xtask \
	  --bin xtask-wasm --no-deps --document-private-items --locked

# The wire contract, the room's state machine and the cryptography run where there is no operating system: nothing
# in them can reach a socket or a file, and only what the browser's face of the cryptography adds, a random source.
check-wasm:
	@$(step) 'pure crates for wasm32' cargo check --locked --target wasm32-unknown-unknown \
	  --package sabha-protocol --package sabha-conference
	@$(step) 'cryptography for wasm32' cargo clippy --locked --target wasm32-unknown-unknown \
	  --package sabha-crypto-wasm --package sabha-opaque-wasm -- -D warnings

# In the same target directory: the dependencies are those of the workspace. Not `--locked`: a dependency
# that is new to the workspace is new to this lockfile too.
check-fuzz:
	@$(step) 'fuzz targets' cargo build --manifest-path fuzz/Cargo.toml --target-dir target
	@$(step) 'fuzz targets on their seeds' fuzz/replay.sh target/debug

check-deny:
	@if command -v cargo-deny >/dev/null; then $(step) 'cargo-deny' cargo deny --offline check licenses bans sources; \
	  else echo 'cargo-deny: skipped, it is not installed (cargo xtask licences checks the same lists)'; fi
