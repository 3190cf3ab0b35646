//! A host of one's own: `cascade` with the plugins that it names. Quoted by docs/plugins/tutorial.md.

use std::process::ExitCode;

use uptime_check as _;

fn main() -> ExitCode {
    cascade::cli::main()
}
