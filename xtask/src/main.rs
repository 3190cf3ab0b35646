//! `cargo xtask test`: everything that must hold, on a fresh machine too. `cargo xtask chaos`: faults.
//! `cargo xtask bench`: how fast, beside others.

mod bench;
mod chaos;
mod command;
mod setup;
mod test;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask test             sets up what is missing and runs every check and test
cargo xtask chaos [--help]   kills and restarts every part under load and counts what was lost
cargo xtask bench [--help]   measures Cascade and its peers side by side
cargo xtask bench micro      counts the instructions of the hot parts";

fn main() -> ExitCode {
    let done = match std::env::args().nth(1).as_deref() {
        Some("test") => test::test(),
        Some("bench") => bench::bench(std::env::args().skip(2)),
        Some("chaos") => chaos::chaos(std::env::args().skip(2)),
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
