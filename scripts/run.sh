#!/usr/bin/env bash
# Builds and opens the console. Without a display the same engine runs headless, on a business folder of its own.
# PROFILE=dev builds faster and runs slower.
source "$(dirname "$0")/common.sh"
profile=${PROFILE:-release}
out=target/$([ "$profile" = dev ] && echo debug || echo "$profile")

if [ "$(uname -s)" = Linux ] && [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
  say "no display here (DISPLAY and WAYLAND_DISPLAY are empty): starting the headless host, ras serve, instead"
  scripts/setup.sh server
  cargo build --locked --profile "$profile" -p epoch-cli
  folder=${1:-${EPOCHCORE_HOME:-${XDG_DATA_HOME:-$HOME/.local/share}/epochcore}/my-business}
  if [ ! -f "$folder/business.toml" ]; then
    say "first start: making the business folder $folder"
    "$out/ras" init "$folder" --name "My business"
  fi
  exec "$out/ras" serve "$folder"
fi

scripts/setup.sh build
build_ui
say "building the app (profile $profile; the first time takes several minutes)"
cargo build --locked --profile "$profile" -p epochcore
say "opening the console"
exec "$out/epochcore" "$@"
