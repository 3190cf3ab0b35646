#!/usr/bin/env bash
# Cargo's RUSTDOC in `cargo xtask test`: before rustdoc runs the examples of a crate, it makes the documentation of those
# named in DOCUMENTED, in the folder DOCUMENTS, and refuses what it warns of.
#
# `cargo doc` would check again, without making code of them, all crates that these depend on, and keep Cargo's lock of
# the build meanwhile. Examples are run with what is compiled for the tests already; all that rustdoc has to know to make
# the documentation is in the same arguments.
set -eu
before=
name=
arguments=()
for argument in "$@"; do
  [[ $before == --crate-name ]] && name=$argument
  case $before/$argument in
  */--test | */--test-run-directory | */--test-args) ;;
  --test-run-directory/* | --test-args/*) ;;
  *) arguments+=("$argument") ;;
  esac
  before=$argument
done
if [[ " $* " == *" --test "* && " $DOCUMENTED " == *" $name "* ]]; then
  rustdoc "${arguments[@]}" -D warnings --out-dir "$DOCUMENTS"
fi
exec rustdoc "$@"
