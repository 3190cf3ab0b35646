//! Options on where the data is.

use std::{path::PathBuf, sync::Arc};

use clap::Args;

use super::secret;
use crate::host::{self, DatabaseSettings, Secret};
use cascade_store::Store;

#[derive(Args)]
pub(super) struct DatabaseArgs {
    /// `postgres://...`; without it, a SQLite file.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// A file that holds the database's URL.
    #[arg(long, env = "DATABASE_URL_FILE")]
    database_url_file: Option<PathBuf>,
    /// The most connections to PostgreSQL, besides one that listens.
    #[arg(long, default_value_t = 10, env = "CASCADE_DATABASE_CONNECTIONS", value_parser = clap::value_parser!(u32).range(2..=1000))]
    database_connections: u32,
    /// Folder of the SQLite file.
    #[arg(long, default_value = "cascade-data", env = "CASCADE_DATA_DIR")]
    data_dir: PathBuf,
}

impl DatabaseArgs {
    /// Where the data is.
    ///
    /// # Errors
    /// For people, when the address is none of PostgreSQL.
    pub fn settings(self) -> Result<DatabaseSettings, String> {
        let is_postgres = |url: &Secret| {
            ["postgres://", "postgresql://"].iter().any(|start| url.reveal().starts_with(start))
        };
        match secret::read("DATABASE_URL", self.database_url, self.database_url_file)? {
            Some(url) if is_postgres(&url) => {
                Ok(DatabaseSettings::Postgres { url, connections: self.database_connections })
            }
            Some(_) => Err("DATABASE_URL must begin with postgres://\n  = help: leave it out for a SQLite file in the folder --data-dir".into()),
            None => Ok(DatabaseSettings::Embedded(self.data_dir)),
        }
    }

    /// The data itself, for commands that look at it beside the host.
    pub async fn open(self) -> anyhow::Result<Arc<dyn Store>> {
        let settings = self.settings().map_err(anyhow::Error::msg)?;
        host::open_store(&settings).await
    }
}
