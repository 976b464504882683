#!/usr/bin/env bash
# Measures, in release: what the design sets goals for. Arguments go to `ras bench`; without any, all benches run.
# ONE_CORE=1 keeps a run on one core, as the goal of ingestion is meant; figures ending in `cpu` do not need it.
source "$(dirname "$0")/common.sh"
scripts/setup.sh server
cargo build --locked --release -p epoch-cli
pin=()
if [ -n "${ONE_CORE:-}" ]; then pin=(taskset -c 0); fi
if [ $# -gt 0 ]; then exec "${pin[@]}" target/release/ras bench "$@"; fi
for name in ingest query gateway sandbox; do "${pin[@]}" target/release/ras bench "$name"; done
