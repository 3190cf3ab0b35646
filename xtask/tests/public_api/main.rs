//! The public API of the published crates is recorded beside each, in `public-api.rs`, so that a change
//! of it is seen in a diff and made on purpose.
//!
//! It is read from the source, not from the compiler: the same on every toolchain, and without a build.
//! What a `macro_rules!` makes, and traits that the compiler derives from private fields, it cannot tell.

#![allow(clippy::unwrap_used)]

mod source;
mod surface;

use std::path::{Path, PathBuf};

use source::Module;

/// Published crates, by folder: what authors of plugins depend on, and what these depend on.
const PUBLISHED: [&str; 4] = ["plugins/abi", "plugins/sdk", "core/portable-sql", "plugins/testkit"];
/// Set to anything, it has the records written instead of compared.
const RENEW: &str = "CASCADE_UPDATE_API";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The first lines that only one of them has.
fn difference(recorded: &str, found: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (recorded.lines().collect(), found.lines().collect());
    let gone = old.iter().filter(|line| !new.contains(line)).map(|line| format!("- {line}"));
    let come = new.iter().filter(|line| !old.contains(line)).map(|line| format!("+ {line}"));
    let mut lines: Vec<_> = gone.chain(come).take(40).collect();
    if lines.is_empty() {
        lines.push("the same lines, in another order".into());
    }
    lines.join("\n")
}

#[test]
fn the_recorded_api_is_the_one_of_the_source() {
    let mut problems = Vec::new();
    for folder in PUBLISHED {
        let folder = root().join(folder);
        let found = surface::of(&Module::read(&folder.join("src/lib.rs")));
        let file = folder.join("public-api.rs");
        if std::env::var_os(RENEW).is_some() {
            std::fs::write(&file, &found).unwrap();
            continue;
        }
        let recorded = std::fs::read_to_string(&file).unwrap_or_default();
        if recorded != found {
            problems.push(format!("{}\n{}", file.display(), difference(&recorded, &found)));
        }
    }
    assert!(
        problems.is_empty(),
        "the public API of a published crate is not as recorded:\n\n{}\n\n\
         If that is meant, run `{RENEW}=1 cargo test -p xtask --test public_api`, commit the record, and \
         choose the version by docs/plugins/compatibility.md: what is gone or changed breaks plugins.",
        problems.join("\n\n")
    );
}

/// What the listing of a crate of one file is.
fn listed(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lib.rs");
    std::fs::write(&file, text).unwrap();
    surface::of(&Module::read(&file))
}

#[test]
fn what_others_can_name_is_listed_and_nothing_else() {
    let text = "
        mod inner {
            pub struct Shown { pub a: u8, b: u8 }
            pub struct Hidden;
            impl Shown { pub fn new(a: u8) -> Self { Self { a, b: 0 } } fn own(&self) {} }
            impl From<u8> for Shown { fn from(a: u8) -> Self { Self::new(a) } }
            impl Clone for Hidden { fn clone(&self) -> Self { Self } }
        }
        pub use inner::Shown;
        pub use serde::Serialize;
        pub mod open { pub const LIMIT: u8 = 3; pub(crate) fn own() {} }
        #[cfg(test)]
        mod tests { pub fn not_there() {} }
        #[macro_export]
        macro_rules! make { ($name:ident) => { struct $name; }; }
    ";
    let listing = listed(text);
    for part in [
        "pub use serde::Serialize;",
        "pub const LIMIT: u8 = 3;",
        "pub a: u8,",
        "private: _,",
        "pub fn new(a: u8) -> Self {}",
        "impl From<u8> for Shown {}",
        "($name:ident)",
    ] {
        assert!(listing.contains(part), "{part} is not in\n{listing}");
    }
    for part in ["Hidden", "fn own", "b: u8", "not_there", "struct $name"] {
        assert!(!listing.contains(part), "{part} is in\n{listing}");
    }
}

#[test]
fn what_breaks_others_changes_the_listing_and_what_does_not_leaves_it() {
    let text = "mod a { #[derive(Clone)] pub struct S { pub x: u8 } impl S { pub fn f(&self) -> u8 { 1 } }\n\
                pub trait T { fn g(&self); } } pub use a::{S, T};";
    let listing = listed(text);
    for (from, to) in [
        ("&self) -> u8", "&self) -> u16"),
        ("pub x: u8", "pub x: u8, y: u8"),
        ("fn g(&self);", "fn g(&self); fn h(&self);"),
        ("fn g(&self);", "fn g(&self) {}"),
        ("#[derive(Clone)] ", ""),
        ("{S, T}", "S"),
    ] {
        assert!(text.contains(from));
        assert_ne!(listed(&text.replacen(from, to, 1)), listing, "{from} -> {to}");
    }
    for (from, to) in [
        ("{ 1 }", "{ 2 }"),
        ("mod a", "mod b"),
        ("pub struct S", "/// A text.\npub struct S"),
        ("pub trait T", "pub(crate) fn own() {} pub trait T"),
        ("{S, T}", "{T, S}"),
    ] {
        let changed =
            text.replacen(from, to, 1).replace("a::{", if to == "mod b" { "b::{" } else { "a::{" });
        assert_eq!(listed(&changed), listing, "{from} -> {to}");
    }
}
