#!/usr/bin/env bash
# An installer for this machine (on Debian a .deb with the app and ras), in target/release/bundle.
source "$(dirname "$0")/common.sh"
scripts/setup.sh build
build_ui
# ras goes into the package too, so it is built first, with the same features: one compilation serves both.
cargo build --locked --release -p epochcore -p epoch-cli
tauri build --ci --config '{"build":{"beforeBuildCommand":""}}' -- --locked -p epochcore -p epoch-cli
find target/release/bundle -maxdepth 2 -type f \( -name '*.deb' -o -name '*.dmg' -o -name '*.msi' -o -name '*.exe' \) -exec ls -lh {} +
