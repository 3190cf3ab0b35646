//! The named parts of the tests.

use super::steps::Step::{
    self, Binary, Clippy, Compose, Deny, Doc, Format, Package, Web, WebBuild,
};

/// A part that can be run by its name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub name: &'static str,
    /// For people.
    pub what: &'static str,
    pub steps: &'static [Step],
    /// Which tests in Rust, in nextest's language of filters.
    pub filter: Option<&'static str>,
}

/// Tests that start no server, no browser and no host: SQLite is linked in.
pub(super) const QUICK: &str = "not package(/^cascade-(e2e|chaos|bench|bench-fanout)$/) \
    and not binary(postgres) and not test(/postgres|redis|server/)";

/// As `cargo xtask test --help` lists them.
pub(super) const AREAS: &[Area] = &[
    area("format", "cargo fmt, licences and sources of dependencies", &[Format, Deny], None),
    area("lint", "clippy, over everything", &[Clippy], None),
    area("web", "types, lints, unit tests and the committed build", &[Web, WebBuild], None),
    area("doc", "examples in doc comments", &[Doc], None),
    area("core", "the host's unit tests", &[], Some("package(cascade)")),
    area(
        "store",
        "both databases, the contract of a store, portable SQL",
        &[],
        Some("package(cascade-portable-sql) or (package(cascade) and test(/^store::/))"),
    ),
    area("config", "jobs.toml", &[], Some("package(cascade) and test(/^config::/)")),
    area("http", "the API and the event stream", &[], Some("package(cascade) and test(/^http::/)")),
    area(
        "access",
        "accounts, sign-in, tokens",
        &[Binary],
        Some("test(/^access::|^http::auth::/) or (package(cascade-e2e) and test(/^sign_in::/))"),
    ),
    area(
        "sdk",
        "what plugin authors use, as published packages too",
        &[Package],
        Some("package(/^cascade-(abi|sdk|testkit|portable-sql)$/)"),
    ),
    area(
        "plugins",
        "the bundled plugins, and plugins of each kind in a host",
        &[Binary],
        Some(
            "package(/^(analytics|connectors|embeddings|health|kag|signals|uptime)_/) \
             or (package(cascade-e2e) and test(/^plugins::/))",
        ),
    ),
    area("docs", "the pages of docs/, held to facts", &[], Some("package(cascade-docs)")),
    area("hostile", "input from outside", &[], Some("package(cascade-hostile)")),
    area("chaos", "the short version of cargo xtask chaos", &[], Some("package(cascade-chaos)")),
    area(
        "e2e",
        "the real binary, without a browser",
        &[Binary, Compose],
        Some("package(cascade-e2e) and not test(/browser/)"),
    ),
    area(
        "browser",
        "the real binary in a real browser",
        &[Binary],
        Some("package(cascade-e2e) and test(/browser/)"),
    ),
];

const fn area(
    name: &'static str,
    what: &'static str,
    steps: &'static [Step],
    filter: Option<&'static str>,
) -> Area {
    Area { name, what, steps, filter }
}
