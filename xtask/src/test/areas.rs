//! The named parts of the tests.

use super::steps::Step::{self, Binary, Clippy, Deny, Doc, Format, Package, Web, WebBuild};

/// A part that can be run by its name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub name: &'static str,
    /// For people.
    pub what: &'static str,
    pub steps: &'static [Step],
    /// The packages of its tests in Rust: nothing else is built.
    pub packages: &'static [&'static str],
    /// Whether the bundled plugins are among its packages.
    pub bundled: bool,
    /// Which of their tests, in nextest's language of filters.
    pub filter: &'static str,
}

impl Area {
    /// The packages of its tests in Rust, given what the bundle's manifest names.
    pub fn packages(&self, bundled: &[String]) -> Vec<String> {
        let bundled = bundled.iter().filter(|_| self.bundled).cloned();
        self.packages.iter().map(|package| (*package).to_owned()).chain(bundled).collect()
    }

    /// Its tests among those of other areas as well, as a filter.
    pub fn tests(&self, bundled: &[String]) -> String {
        let packages = self.packages(bundled);
        if packages.is_empty() {
            return "none()".to_owned();
        }
        let packages = packages.iter().map(|package| format!("package({package})"));
        let packages = packages.collect::<Vec<_>>().join(" or ");
        format!("(({packages}) and ({}))", self.filter)
    }
}

/// Packages whose tests start hosts, clusters or browsers.
pub(super) const SLOW: [&str; 4] =
    ["cascade-e2e", "cascade-chaos", "cascade-bench", "cascade-bench-fanout"];
/// Of the others, the tests that start no server of a database: SQLite is linked in.
pub(super) const QUICK: &str = "not package(cascade-test-servers) and not binary(postgres) \
     and not test(/postgres|redis|broken_claim|ends_that_could_not_be|the_database_refuses|open_transaction_of/)";

/// The host and the crates that it is made of.
const CORE: [&str; 11] = [
    "cascade",
    "cascade-access",
    "cascade-bus",
    "cascade-config",
    "cascade-engine",
    "cascade-http",
    "cascade-model",
    "cascade-portable-sql",
    "cascade-registry",
    "cascade-sse",
    "cascade-store",
];

/// As `cargo xtask test --help` lists them.
pub(super) const AREAS: &[Area] = &[
    checks("format", "cargo fmt, licences and sources of dependencies", &[Format, Deny]),
    checks("lint", "clippy, over everything", &[Clippy]),
    checks("web", "types, lints, unit tests and the committed build", &[Web, WebBuild]),
    checks("doc", "examples in doc comments, documentation of what is published", &[Doc]),
    tests("core", "the host's unit tests, of all its crates", &CORE, "all()"),
    tests(
        "store",
        "both databases, the contract of a store, portable SQL",
        &["cascade-store", "cascade-portable-sql", "cascade-engine"],
        "not package(cascade-engine) or binary(contract) or binary(property)",
    ),
    tests(
        "engine",
        "the life of a run: engine, scheduler, worker, bus",
        &["cascade-engine", "cascade-bus"],
        "all()",
    ),
    tests("config", "jobs.toml", &["cascade-config"], "all()"),
    tests("http", "the API and the event stream", &["cascade-http", "cascade-sse"], "all()"),
    hosts(
        "access",
        "accounts, sign-in, tokens",
        &["cascade-access", "cascade-http", "cascade-e2e"],
        "package(cascade-access) or test(/^middleware::auth::|^sign_in::/)",
    ),
    Area {
        name: "sdk",
        what: "what plugin authors use, as published packages too",
        steps: &[Doc, Package],
        packages: &[
            "cascade-abi",
            "cascade-sdk",
            "cascade-testkit",
            "cascade-portable-sql",
            "xtask",
        ],
        bundled: false,
        filter: "not package(xtask) or binary(public_api)",
    },
    Area {
        name: "plugins",
        what: "the bundled plugins, and plugins of each kind in a host",
        steps: &[Binary],
        packages: &["cascade-registry", "cascade-e2e", "uptime_check"],
        bundled: true,
        filter: "not package(cascade-e2e) or test(/^plugins::/)",
    },
    tests("docs", "the pages of docs/, held to facts", &["cascade-docs"], "all()"),
    tests("hostile", "input from outside", &["cascade-hostile"], "all()"),
    tests("chaos", "the short version of cargo xtask chaos", &["cascade-chaos"], "all()"),
    hosts("e2e", "the real binary, without a browser", &["cascade-e2e"], "not test(/browser/)"),
    hosts("browser", "the real binary in a real browser", &["cascade-e2e"], "test(/browser/)"),
];

const fn checks(name: &'static str, what: &'static str, steps: &'static [Step]) -> Area {
    Area { name, what, steps, packages: &[], bundled: false, filter: "none()" }
}

const fn tests(
    name: &'static str,
    what: &'static str,
    packages: &'static [&'static str],
    filter: &'static str,
) -> Area {
    Area { name, what, steps: &[], packages, bundled: false, filter }
}

/// Tests that start the host's binary.
const fn hosts(
    name: &'static str,
    what: &'static str,
    packages: &'static [&'static str],
    filter: &'static str,
) -> Area {
    Area { name, what, steps: &[Binary], packages, bundled: false, filter }
}
