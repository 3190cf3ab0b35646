//! `cargo xtask test`: everything that must hold, on a fresh machine too. `cargo xtask chaos`: faults.
//! `cargo xtask bench`: how fast, beside others. `cargo xtask dist`: what is handed out.

mod bench;
mod chaos;
mod command;
mod dist;
mod setup;
mod test;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask test [--help]    sets up what is missing and runs every check and test, or a part of them
cargo xtask dist             builds the release binary, with every plugin linked in, and the packages for their authors
cargo xtask chaos [--help]   kills and restarts every part under load and counts what was lost
cargo xtask bench [--help]   measures Cascade and its peers side by side
cargo xtask bench ablation   measures what changes of the storage of runs would win
cargo xtask bench micro      counts the instructions of the hot parts
cargo xtask bench schedules  measures starts and saves with a million schedules";

fn main() -> ExitCode {
    let done = match std::env::args().nth(1).as_deref() {
        Some("test") => test::test(std::env::args().skip(2)),
        Some("bench") => bench::bench(std::env::args().skip(2)),
        Some("dist") => dist::dist(),
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
