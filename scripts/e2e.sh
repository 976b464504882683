#!/usr/bin/env bash
# The real app in the real webview, on a display of its own. Arguments go to node's test runner, e.g. tests/shell.test.js.
set -euo pipefail
cd "$(dirname "$0")/../tests/e2e"
[ -d node_modules ] || npm ci --no-audit --no-fund --silent
if [ $# -eq 0 ]; then set -- tests/*.test.js; fi
# WEBKIT_DISABLE_DMABUF_RENDERER, often advised for virtual displays, makes screenshots hang: it stays unset.
unset WEBKIT_DISABLE_DMABUF_RENDERER WEBKIT_DISABLE_COMPOSITING_MODE
export GDK_BACKEND=x11 LIBGL_ALWAYS_SOFTWARE=1
# A message bus of its own: single instance and notifications need one, and must not meet the developer's.
# The bus's own chatter is dropped (2), what the tests print is kept (3).
exec 3>&2
exec xvfb-run --auto-servernum --server-args="-screen 0 1440x1000x24" \
  dbus-run-session -- sh -c 'exec node --test --test-concurrency=1 --test-reporter=spec "$@" 2>&3' node "$@" 2>/dev/null
