//! The host with the jobs of the chaos tests: what a plugin author's own build looks like.

use std::process::ExitCode;

fn main() -> ExitCode {
    cascade_chaos::jobs::link();
    cascade::cli::main()
}
