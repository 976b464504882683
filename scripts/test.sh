#!/usr/bin/env bash
# Everything that must hold before a change lands. Each step is timed; a failing step does not hide the later ones.
source "$(dirname "$0")/common.sh"
export CARGO_TERM_PROGRESS_WHEN=never
# Nothing is compiled a second time in one run, so what incremental builds keep would only fill the disk.
if [ -n "${CI:-}" ]; then export CARGO_INCREMENTAL=0; fi
passed=0 failed=() began=$SECONDS

# Runs one step and remembers how it went.
step() {
  local name=$1 start=$SECONDS
  shift
  say "$name"
  if "$@" </dev/null; then
    passed=$((passed + 1))
    say "$name: ok, $((SECONDS - start)) s"
  else
    failed+=("$name")
    say "$name: FAILED, $((SECONDS - start)) s"
  fi
}

in_ui() { (cd ui && "$@"); }

# The same set of packages and features as the tests, so that the app the webview shows is not compiled twice.
build_rust() { cargo build --locked --workspace --lib --bins --tests; }

test_rust() {
  if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --locked --workspace --lib --bins --tests --no-fail-fast --status-level fail --final-status-level fail
  else
    cargo test --locked --workspace --lib --bins --tests --no-fail-fast --quiet
  fi
}

# Licences, sources and doubled crates. Advisories need a database from outside and are left to `cargo deny check`.
dependencies() {
  if cargo deny --version >/dev/null 2>&1; then
    cargo deny --log-level warn check --hide-inclusion-graph bans licenses sources
  else
    echo "cargo-deny is not installed; skipped (cargo install --locked cargo-deny)"
  fi
}

step "setup" scripts/setup.sh build test
step "page: build" build_ui
step "formatting" cargo fmt --all --check
step "lints" cargo clippy --locked --workspace --all-targets -- -D warnings
step "dependencies" dependencies
step "build" build_rust
step "Rust tests" test_rust
step "page: types" in_ui npm run --silent check
step "page: lint" in_ui npm run --silent lint
step "page: tests" in_ui npm run --silent test
if [ -x tests/protocol/run.sh ]; then step "protocol tests" env RAS_BIN="$PWD/target/debug/ras" tests/protocol/run.sh; fi
step "agent protocol tests" env RAS_BIN="$PWD/target/debug/ras" tests/mcp/run.sh
step "end to end" scripts/e2e.sh

say "took $(((SECONDS - began) / 60)) min $(((SECONDS - began) % 60)) s"
for name in "${failed[@]}"; do say "failed: $name"; done
echo "steps: $passed passed, ${#failed[@]} failed"
[ ${#failed[@]} -eq 0 ]
