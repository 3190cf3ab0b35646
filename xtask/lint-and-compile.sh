#!/usr/bin/env bash
# Cargo's RUSTC_WORKSPACE_WRAPPER in `cargo xtask test`: `lint-and-compile.sh RUSTC ARGS...` compiles a crate of this
# workspace and refuses what clippy warns of.
#
# `cargo clippy` checks every crate and all that it depends on without making code of it, and a build begins again after
# it. Clippy's driver is a whole compiler, though: called in place of rustc it lints and makes code in one go, so that
# lints and tests share all that is compiled. Cargo keeps what it makes apart from what rustc alone makes, by the path
# of this file.
case " $* " in
# The one crate with unsafe code. Clippy's driver leaves out what a debug build checks of raw pointers, that they are
# aligned and not null: `cargo xtask test` lints this crate by itself.
*" --crate-name cascade_abi "*) exec "$@" -D warnings ;;
*" --error-format=json "*) exec clippy-driver "$@" -D warnings ;;
# Not a crate: Cargo asks for the version, or a build script tries what the compiler can do.
*) exec "$@" ;;
esac
