#!/bin/sh
# Runs the real sbpf-linker beside the LLVM 23 that was unpacked for it, and refuses a program that needs 128-bit
# arithmetic other than builtins.c has. Two ways lead there, and both end here with the function's name:
# - nobody defines it: sbpf-linker stops, since a call must be a syscall or be defined;
# - a Rust crate defines it (solana-compiler-builtins and compiler_builtins do): it would link, and corrupt memory when
#   called, since rustc and LLVM 23 disagree on how an i128 is returned. Only the linked module's IR shows that.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
lib=$root/sid/usr/lib/x86_64-linux-gnu

# A dependency that is a cdylib as well (solana-zk-sdk) is linked as one that nobody uses, without the arguments that xtask
# gives to the program alone. It would need arithmetic that the program doesn't.
case " $* " in
*" --arch=v3 "*) ;;
*)
  while [ $# -gt 1 ]; do
    [ "$1" != -o ] || : >"$2"
    shift
  done
  exit
  ;;
esac

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

advice="The program may multiply and divide u128 and nothing more: no signed 128-bit division, no floats. Or add the
function to xtask/sbf/builtins.c with a test in xtask/builtins, to EXPORTS in xtask/src/build.rs, and to the list in
xtask/sbf/sbpf-linker.sh."

env LD_LIBRARY_PATH="$root/llvm" "$lib/ld-linux-x86-64.so.2" --library-path "$lib" "$root/linker/bin/sbpf-linker" \
  --dump-module="$work" "$@" 2>"$work/errors"
status=$?
cat "$work/errors" >&2
if [ $status -ne 0 ]; then
  missing=$(grep -oE 'Symbol __[a-z0-9_]+ is missing' "$work/errors" | cut -d' ' -f2 | sort -u | tr '\n' ' ')
  [ -z "$missing" ] || echo "arithmetic that nobody defines: $missing
$advice" >&2
  exit $status
fi

if ! [ -s "$work/post-opt.ll" ]; then
  echo "sbpf-linker left no IR to look for 128-bit arithmetic in; adjust xtask/sbf/sbpf-linker.sh to its --dump-module" >&2
  exit 1
fi
foreign=$(grep -E '^define ' "$work/post-opt.ll" | grep -oE '@__[a-z0-9]*ti([0-9]|[sdtx]f)?\(' | tr -d '@(' |
  grep -vxE '__(multi3|udivti3|umodti3)' | sort -u | tr '\n' ' ')
if [ -n "$foreign" ]; then
  echo "128-bit arithmetic that Rust defines, which returns its result where LLVM 23 does not look: $foreign
$advice" >&2
  exit 1
fi
