#!/usr/bin/env bash
# Formats everything that has a formatter.
source "$(dirname "$0")/common.sh"
cargo fmt --all
npm_install ui
(cd ui && npm run --silent format)
