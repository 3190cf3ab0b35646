//! `cascade migrate`: the host's tables brought up to date by themselves, and contracted when no older version is to
//! come back.

use anyhow::Result;
use clap::Args;

use super::{database::DatabaseArgs, user::finish};
use crate::host;

#[derive(Args)]
pub(super) struct MigrateArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// Keeps older versions out: none of them starts on this database afterwards. Refused while one is connected;
    /// there is no way back but a backup.
    #[arg(long)]
    contract: bool,
}

pub(super) fn migrate(args: MigrateArgs) -> std::process::ExitCode {
    finish(run(args))
}

async fn run(MigrateArgs { database, contract }: MigrateArgs) -> Result<()> {
    let settings = database.settings().map_err(anyhow::Error::msg)?;
    if !contract {
        host::open_store(&settings).await?.migrate(&[]).await?;
        println!("the host's tables are up to date; those of plugins follow when a host starts");
        return Ok(());
    }
    let (store, _lock) = host::open_store_alone(&settings).await?;
    match store.contract().await?.as_slice() {
        [] => println!("the database was contracted before; nothing was done"),
        files => println!("contracted ({}): older versions no longer start here", files.join(", ")),
    }
    Ok(())
}
