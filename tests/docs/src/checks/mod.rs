//! What holds for every block and link of docs/plugins.

mod edges;
mod facts;
mod grafana;
mod languages;
mod links;
mod markdown;
mod protocol;
mod quotes;
mod toml_blocks;

use std::path::{Path, PathBuf};

use markdown::{Block, blocks};

/// The checkout.
fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.ancestors().nth(2).expect("tests/docs is in the checkout").to_owned()
}

/// All blocks of all pages.
fn all_blocks() -> Vec<Block> {
    crate::PAGES.iter().flat_map(|(file, text)| blocks(file, text)).collect()
}

fn blocks_in(language: &str) -> Vec<Block> {
    all_blocks().into_iter().filter(|block| block.language() == language).collect()
}

fn page(file: &str) -> &'static str {
    let found = crate::PAGES.iter().find(|(name, _)| *name == file);
    found.map(|(_, text)| *text).unwrap_or_else(|| panic!("{file} is no page"))
}

/// Fails with all faults at once.
fn none(faults: Vec<String>) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n\n"));
}

#[test]
fn every_page_is_listed_in_the_crate() {
    let mut there: Vec<String> = std::fs::read_dir(root().join("docs/plugins"))
        .expect("docs/plugins")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".md"))
        .collect();
    there.sort();
    let mut listed: Vec<_> = crate::PAGES.iter().map(|(file, _)| (*file).to_owned()).collect();
    listed.sort();
    assert_eq!(there, listed, "docs/plugins (left) and `pages!` in tests/docs/src/lib.rs differ");
}

#[test]
fn every_block_is_in_a_language_that_is_checked() {
    const KNOWN: [&str; 8] = ["rust", "c", "python", "sql", "toml", "json", "sh", "text"];
    let faults = all_blocks().into_iter().filter_map(|block| {
        let rest: Vec<_> = block.info.split(',').skip(1).collect();
        let fits = match (block.language(), rest[..].first()) {
            // Ignored by rustdoc, as it is compiled where it is quoted from.
            ("rust", Some(&"ignore")) => rest.len() == 1 && block.from.is_some(),
            (language, None) => KNOWN.contains(&language),
            _ => false,
        };
        let hint = "use one of rust, c, python, sql, toml, json, sh, text; \
                    `rust,ignore` only with `<!-- from FILE -->` on the line before";
        (!fits).then(|| format!("{}: a block in `{}`: {hint}", block.place(), block.info))
    });
    none(faults.collect());
}
