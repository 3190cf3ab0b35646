//! Where the data is, and its tables.

use std::path::PathBuf;

use cascade::host::{DatabaseSettings, Secret, open_store};
use cascade_model::Registry;
use cascade_registry::Plugins;

/// What `cascade` opens if nothing else is said.
const CONNECTIONS: u32 = 10;

/// `postgres://...`, or `sqlite:FOLDER`.
pub fn database(url: &str) -> DatabaseSettings {
    match url.strip_prefix("sqlite:") {
        Some(folder) => DatabaseSettings::Embedded(PathBuf::from(folder)),
        None => DatabaseSettings::Postgres {
            url: Secret::new(url.to_owned()),
            connections: CONNECTIONS,
        },
    }
}

/// Every job type of this binary.
pub fn plugins() -> anyhow::Result<Plugins> {
    let registry = Registry::compiled_in();
    let registry = registry.map_err(|faults| anyhow::anyhow!("job types: {faults:?}"))?;
    Ok(Plugins::from(registry))
}

pub async fn setup(url: &str) -> anyhow::Result<()> {
    let store = open_store(&database(url)).await?;
    store.migrate(&[]).await?;
    Ok(())
}
