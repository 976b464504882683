#!/usr/bin/env bash
# The console with hot reload: the page comes from vite's server, Rust is rebuilt when it changes.
source "$(dirname "$0")/common.sh"
scripts/setup.sh build
tauri dev --config tauri.dev.json
