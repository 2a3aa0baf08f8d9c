#!/usr/bin/env bash
# Installs what `make run` or `make test` needs and is missing, and says nothing when nothing is.
#
#   scripts/setup.sh run    C and C++ compiler, Rust's target for the browser, the web client's packages
#   scripts/setup.sh test   the same, and browsers, network tools, validators of others
#
# Rust and Node are not installed here: how they come to a machine is the owner's choice. Debian and
# Ubuntu packages come from apt, as root or through sudo; on other systems the missing tools are named.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly RUST_MIN=1.95.0
readonly NODE_MIN=20.19.0

note() { printf 'setup: %s\n' "$*" >&2; }
fail() { note "$*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# Succeeds if version $1 is at least version $2.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

require_rust() {
  have cargo || fail "Rust is missing. Install $RUST_MIN or newer from https://rustup.rs, then try again."
  local version
  version=$(rustc --version | cut -d ' ' -f 2)
  at_least "$version" "$RUST_MIN" || fail "Rust $version is too old: $RUST_MIN or newer is needed (rustup update)."
}

require_node() {
  if ! have node || ! have npm; then
    fail "Node.js is missing. Install $NODE_MIN or newer with npm from https://nodejs.org, then try again."
  fi
  local version
  version=$(node --version)
  version=${version#v}
  at_least "$version" "$NODE_MIN" || fail "Node.js $version is too old: $NODE_MIN or newer is needed."
}

# Runs apt-get as root, directly or through sudo. Fails if neither is possible.
apt_get() {
  if [ "$(id -u)" = 0 ]; then
    DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@" >&2
  elif have sudo; then
    sudo DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@" >&2
  else
    return 1
  fi
}

# Whether apt knows a package of this name that is a real one. Ubuntu's `chromium` and `firefox` are
# empty packages that install a snap, which cannot be driven by the tests.
apt_offers() {
  local version
  version=$(apt-cache policy "$1" 2>/dev/null | sed -n 's/^ *Candidate: //p')
  case $version in '' | '(none)' | *snap*) return 1 ;; esac
}

# Runs apt-get update, once. With `stale`, only if no list is younger than a day: a package that the
# distribution does not have should not cost a refresh at every run.
refresh_package_lists() {
  [ -z "${refreshed:-}" ] || return 0
  if [ "${1:-}" = stale ] && find /var/lib/apt/lists -name '*_Packages*' -mtime -1 2>/dev/null | grep -q .; then
    return 0
  fi
  refreshed=yes
  note "refreshing the package lists"
  apt_get update || note "apt-get update failed; going on with the package lists as they are"
}

# Installs packages. Lists of packages are refreshed only if one is not known, or could not be fetched.
install_packages() {
  have apt-get || return 1
  local package
  for package in "$@"; do
    apt_offers "$package" || refresh_package_lists stale
    apt_offers "$package" || return 1
  done
  note "installing $*"
  apt_get install -y --no-install-recommends "$@" && return
  refresh_package_lists
  apt_get install -y --no-install-recommends "$@"
}

# Makes sure of a command that nothing works without: require COMMAND PACKAGE...
require() {
  local command=$1
  shift
  have "$command" && return
  install_packages "$@" && have "$command" && return
  fail "$command is missing and could not be installed. Install it (on Debian and Ubuntu: $*), then try again."
}

# Makes sure of a command that only some tests need: those say `skipped` without it.
wish() {
  local command=$1
  shift
  have "$command" || [ -x "/usr/sbin/$command" ] && return
  install_packages "$@" && return
  note "$command is missing and could not be installed ($*): the tests that need it will be skipped."
}

# Debian has Chromium and Firefox ESR as packages; Ubuntu has neither as a real one. There the tests take what
# is at /usr/bin/chromium-browser or /usr/bin/firefox, and are skipped without.
wish_browsers() {
  have chromium || have chromium-browser || install_packages chromium fonts-liberation ||
    note "no Chromium package here: install Chromium at /usr/bin/chromium, or its tests will be skipped."
  have firefox-esr || have firefox || install_packages firefox-esr ||
    note "no Firefox ESR package here: install Firefox at /usr/bin/firefox, or its tests will be skipped."
}

# Installs the web client's packages if the lockfile is not the one they were installed from.
install_web_packages() {
  local stamp=web/node_modules/.installed-from
  cmp -s web/package-lock.json "$stamp" && return
  note "installing the web client's packages"
  npm --prefix web ci --no-audit --no-fund --loglevel=error >&2
  cp web/package-lock.json "$stamp"
}

# Installs independent programs that judge what ours judge. Tests that need them say `skipped` without.
install_peer_packages() {
  local folder=crates/advisory/tests/peers
  local stamp=$folder/node_modules/.installed-from
  cmp -s $folder/package-lock.json "$stamp" && return
  note "installing validators to compare ours with"
  if npm --prefix $folder ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2; then
    cp $folder/package-lock.json "$stamp"
  else
    note "they could not be installed: the tests that need them will be skipped."
  fi
}

# Installs programs in Python that read what ours write, into target/. Tests that need them say `skipped` without.
install_python_peers() {
  local list=crates/server/tests/peers/requirements.txt
  local folder=target/peers/python
  cmp -s $list $folder/.installed-from && return
  note "installing programs in Python to compare ours with"
  python3 -c 'import ensurepip' 2>/dev/null || install_packages python3-venv || true
  if python3 -m venv $folder >&2 && $folder/bin/pip install -q --disable-pip-version-check -r $list >&2; then
    cp $list $folder/.installed-from
  else
    note "they could not be installed (python3-venv): the tests that need them will be skipped."
  fi
}

# The web client's cryptography is compiled for the browser.
require_wasm_target() {
  local target=wasm32-unknown-unknown
  has_target $target && return
  if have rustup; then
    note "adding the Rust target $target"
    rustup --quiet target add $target && has_target $target && return
    fail "the Rust target $target could not be added (rustup target add $target), and nothing works without."
  fi
  fail "the Rust target $target is missing, and there is no rustup to add it. Install the standard library for it" \
    "(on Debian and Ubuntu: libstd-rust-dev-wasm32), or Rust from https://rustup.rs, then try again."
}

has_target() { [ -d "$(rustc --print target-libdir --target "$1")" ]; }

case ${1:-} in
  run | test) ;;
  *) fail "usage: scripts/setup.sh run|test" ;;
esac

require_rust
require_node
require cc build-essential
require c++ build-essential
require_wasm_target
install_web_packages

if [ "$1" = test ]; then
  wish_browsers
  wish ip iproute2
  wish nft nftables
  wish gpg gpg
  install_peer_packages
  install_python_peers
fi
