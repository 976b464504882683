# Sourced by the other scripts: where we are, and how we say things.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH="$PWD/.tools/bin:$HOME/.cargo/bin:$PATH"
export npm_config_audit=false npm_config_fund=false npm_config_update_notifier=false
TAURI_CLI_VERSION=2.12.5
TAURI_DRIVER_VERSION=2.1.0 # the newest that is not an alpha of 3
CARGO_DENY_VERSION=0.20.2

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# npm ci, but only when the lock file is newer than what is installed. Chained with &&: callers may test the result.
npm_install() {
  local stamp="$1/node_modules/.package-lock.json"
  if [ -f "$stamp" ] && [ ! "$1/package-lock.json" -nt "$stamp" ]; then return 0; fi
  say "installing $1's packages (npm ci)"
  (cd "$1" && npm ci --silent --no-progress) && touch "$stamp"
}

# Builds the page into ui/dist, but only when something it is made from is newer.
build_ui() {
  npm_install ui || return
  if [ -f ui/dist/.built ] && [ -z "$(find ui -newer ui/dist/.built -type f \
      -not -path 'ui/node_modules/*' -not -path 'ui/dist/*' -not -path 'ui/tests/*' -print -quit)" ]; then
    return 0
  fi
  say "building the page"
  (cd ui && npm run --silent build) && touch ui/dist/.built
}

# Tauri's command line, in the repository's own tool folder.
tauri() {
  if [ ! -x .tools/node_modules/.bin/tauri ]; then
    say "installing @tauri-apps/cli $TAURI_CLI_VERSION into .tools"
    npm install --silent --no-save --prefix .tools "@tauri-apps/cli@$TAURI_CLI_VERSION" || return
  fi
  .tools/node_modules/.bin/tauri "$@"
}
