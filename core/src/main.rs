//! `cascade`: see [`cascade::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    cascade_plugins::link();
    cascade::cli::main()
}
