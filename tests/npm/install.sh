#!/bin/sh
# Installs the clients from npm that the tests drive into the folder $1, and Node.js where it is missing.
# Where that is impossible the tests that need them are skipped, and this says so; in CI it is a failure.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=$1

fail() {
  echo "============================================================" >&2
  echo "NOT TESTED: Bitget's npm client. $1" >&2
  echo "============================================================" >&2
  if [ -n "${CI:-}" ]; then exit 1; fi
  exit 0
}

if ! command -v npm >/dev/null; then
  command -v apt-get >/dev/null || fail "There is no Node.js here. Install it, with npm, and try again."
  [ "$(id -u)" = 0 ] || fail "There is no Node.js here. On Debian: apt-get install nodejs npm"
  echo "Installing Node.js."
  { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y nodejs npm >/dev/null; } \
    || fail "Node.js could not be installed."
fi
rm -rf "$folder"
mkdir -p "$folder"
cp "$here/package.json" "$here/package-lock.json" "$folder"
(cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --silent) \
  || { rm -rf "$folder"; fail "Its packages could not be installed."; }
touch "$folder/.ready"
