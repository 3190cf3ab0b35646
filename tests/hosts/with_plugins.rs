//! The host with the example plugin and the probe compiled in: what a product's own build looks like.

use std::process::ExitCode;

use uptime_check as _;

fn main() -> ExitCode {
    cascade_probe::link();
    cascade::cli::main()
}
