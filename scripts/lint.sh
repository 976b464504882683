#!/usr/bin/env bash
# Formatting and lints; a warning is an error here.
source "$(dirname "$0")/common.sh"
build_ui
cargo fmt --all --check
cargo clippy --locked --workspace --all-targets -- -D warnings
(cd ui && npm run --silent check && npm run --silent lint)
