//! `cargo xtask test`: everything that must hold, on a fresh machine too.

mod command;
mod setup;
mod test;

use std::process::ExitCode;

const USAGE: &str = "cargo xtask test    sets up what is missing and runs every check and test";

fn main() -> ExitCode {
    let done = match std::env::args().nth(1).as_deref() {
        Some("test") => test::test(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::FAILURE;
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
