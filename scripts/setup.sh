#!/usr/bin/env bash
# Installs what is missing and says why. Arguments: `build` (compile and run the app), `server` (compile ras only),
# `test` (the app's tests as well). System packages come through apt; elsewhere they are named and left to the reader.
source "$(dirname "$0")/common.sh"

declare -A WHY=(
  [build-essential]="a C compiler and linker, for SQLite and for Rust itself"
  [pkg-config]="tells the build where system libraries are"
  [libwebkit2gtk-4.1-dev]="the webview that shows the console"
  [libayatana-appindicator3-dev]="the tray icon"
  [xvfb]="a display for tests on a machine without one"
  [xauth]="lets xvfb-run protect that display"
  [webkit2gtk-driver]="drives the webview in end-to-end tests"
  [dbus]="a message bus of the tests' own, for single instance and notifications"
)

packages_for() {
  case $1 in
    server) echo build-essential ;;
    build) echo build-essential pkg-config libwebkit2gtk-4.1-dev libayatana-appindicator3-dev ;;
    test) echo xvfb xauth webkit2gtk-driver dbus ;;
    *) fail "setup.sh knows build, server and test" ;;
  esac
}

apt_install() {
  local missing=() name
  for name in "$@"; do
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q '^install ok installed$' || missing+=("$name")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing system packages through apt:"
  for name in "${missing[@]}"; do printf '      %-30s %s\n' "$name" "${WHY[$name]}"; done
  local root=()
  if [ "$(id -u)" -ne 0 ]; then
    have sudo || fail "become root and run: apt-get install ${missing[*]}"
    root=(sudo)
  fi
  "${root[@]}" apt-get update -qq
  # Services that ask questions would wait for an answer for ever.
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# A program from crates.io into .tools. A debug build where the program's own speed does not matter.
cargo_tool() {
  local name=$1 version=$2 why=$3
  shift 3
  have "$name" && return
  say "installing $name $version into .tools ($why)"
  cargo install --quiet --root .tools --locked "$name" --version "$version" "$@"
}

need_node() {
  have node || fail "Node.js is missing; install version 20 or newer, from nodejs.org or your system"
  [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] || fail "Node.js $(node --version) is too old; 20 or newer is needed"
}

have cargo || fail "Rust is missing; install it from rustup.rs"
wanted=()
for group in "${@:-build}"; do
  read -ra names <<<"$(packages_for "$group")"
  wanted+=("${names[@]}")
done
if have apt-get; then
  apt_install "${wanted[@]}"
elif [ "$(uname -s)" = Linux ] && ! pkg-config --exists webkit2gtk-4.1 2>/dev/null; then
  say "no apt here; please install what these Debian packages hold: ${wanted[*]}"
fi

for group in "${@:-build}"; do
  case $group in
    build) need_node && npm_install ui ;;
    test)
      need_node
      npm_install tests/e2e
      cargo_tool tauri-driver "$TAURI_DRIVER_VERSION" "connects the tests with the webview"
      cargo_tool cargo-deny "$CARGO_DENY_VERSION" "checks licences and sources of all crates" --debug
      ;;
  esac
done
