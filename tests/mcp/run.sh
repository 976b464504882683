#!/usr/bin/env bash
# The official MCP client against `ras mcp`. RAS_BIN names the `ras` binary; it is built when absent.
# The client is installed once, pinned, into an ignored folder.
set -euo pipefail
cd "$(dirname "$0")"
venv=../.venv/mcp
if ! cmp -s requirements.txt "$venv/.installed"; then
    mkdir -p ../.venv
    python3 -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r requirements.txt
    cp requirements.txt "$venv/.installed"
fi
if [ -z "${RAS_BIN:-}" ]; then
    root=$(cd ../.. && pwd)
    (cd "$root" && cargo build --quiet -p epoch-cli)
    RAS_BIN=${CARGO_TARGET_DIR:-$root/target}/debug/ras
fi
export RAS_BIN PYTHONDONTWRITEBYTECODE=1
exec "$venv/bin/python" run.py "$@"
