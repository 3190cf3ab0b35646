//! `with-shared-postgres COMMAND...` runs a command with a PostgreSQL cluster beside it, which ends with it. Tests that
//! need a database and nothing else of a cluster share this one: starting and ending one takes longer than most of them.

use std::process::{Command, ExitCode};

use cascade_test_servers::{Postgres, SHARED};

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    let Some(program) = words.next() else {
        eprintln!("with-shared-postgres COMMAND...");
        return ExitCode::FAILURE;
    };
    let postgres = Postgres::start();
    let status =
        Command::new(program).args(words).env(SHARED, postgres.port().to_string()).status();
    match status {
        Ok(status) => {
            u8::try_from(status.code().unwrap_or(1)).map_or(ExitCode::FAILURE, ExitCode::from)
        }
        Err(error) => {
            eprintln!("with-shared-postgres: {error}");
            ExitCode::FAILURE
        }
    }
}
