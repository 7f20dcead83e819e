#!/bin/sh
# `cargo build-sbf` for whoever has this folder on PATH: the xtask of the workspace that it is called in does the work.
workspace=$("${CARGO:-cargo}" locate-project --workspace --message-format plain) || exit 1
if ! [ -f "$(dirname "$workspace")/programs/stipend/Cargo.toml" ]; then
  echo "$0 builds Stipend only, and $workspace is another workspace: take its folder off PATH" >&2
  exit 1
fi
# cargo passes the subcommand's name first; a direct call does not.
[ "${1-}" != build-sbf ] || shift
exec "${CARGO:-cargo}" xtask build-sbf "$@"
