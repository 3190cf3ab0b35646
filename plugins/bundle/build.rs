//! Turns the dependency list of this crate into links, so that adding a plugin is one line of TOML.

use std::{env, error::Error, fmt::Write, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=Cargo.toml");
    let manifest = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("Cargo.toml");
    let manifest: toml::Table = fs::read_to_string(manifest)?.parse()?;
    let plugins = manifest.get("dependencies").and_then(toml::Value::as_table);
    let mut links = String::new();
    for name in plugins.into_iter().flat_map(toml::Table::keys) {
        writeln!(links, "extern crate {} as _;", name.replace('-', "_"))?;
    }
    fs::write(Path::new(&env::var("OUT_DIR")?).join("links.rs"), links)?;
    Ok(())
}
