#!/usr/bin/env bash
# Unmodified SDKs against a running host. RAS_BIN names the `ras` binary; it is built when absent.
# Clients are installed once, pinned, into ignored folders.
set -euo pipefail
cd "$(dirname "$0")"
venv=../.venv
if ! cmp -s requirements.txt "$venv/.installed"; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r requirements.txt
    cp requirements.txt "$venv/.installed"
fi
if ! cmp -s package-lock.json node_modules/.installed; then
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
    cp package-lock.json node_modules/.installed
fi
if [ -z "${RAS_BIN:-}" ]; then
    root=$(cd ../.. && pwd)
    (cd "$root" && cargo build --quiet -p epoch-cli)
    RAS_BIN=${CARGO_TARGET_DIR:-$root/target}/debug/ras
fi
export RAS_BIN PYTHONDONTWRITEBYTECODE=1
exec "$venv/bin/python" run.py "$@"
