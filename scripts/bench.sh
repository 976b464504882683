#!/usr/bin/env bash
# Measures, in release: what the design sets goals for. Arguments go to `ras bench`.
source "$(dirname "$0")/common.sh"
scripts/setup.sh server
cargo build --locked --release -p epoch-cli
exec target/release/ras bench "$@"
