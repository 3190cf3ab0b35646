//! What is checked beside the tests in Rust, and how these are started.

use std::{fs, num::NonZero, path::Path, process::Command};

use anyhow::{Context, Result};

use super::dependencies;
use crate::{
    command::{run, run_with, run_words, say, target},
    dist::PUBLISHED,
};

/// A group of commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Format,
    Deny,
    Web,
    WebBuild,
    Compose,
    /// Lints alone.
    Clippy,
    /// Lints, and everything that the tests are made of, with the features that they have together.
    Build,
    /// The host's binary alone.
    Binary,
    /// Examples in comments, and the documentation of what is published.
    Doc,
    Package,
}

impl Step {
    /// What areas are made of; cheapest first.
    pub const EACH: [Self; 8] = [
        Self::Format,
        Self::Deny,
        Self::Web,
        Self::WebBuild,
        Self::Clippy,
        Self::Binary,
        Self::Doc,
        Self::Package,
    ];

    /// # Errors
    /// Names the command that failed.
    pub fn run(self, root: &Path) -> Result<()> {
        let web = root.join("web");
        match self {
            Self::Format => run(root, "cargo fmt --all --check"),
            Self::Deny => {
                say("\n==> licences, bans and sources of dependencies, as in deny.toml")?;
                dependencies::check(root)
            }
            Self::Web => {
                if !installed(&web) {
                    run(&web, "npm ci --no-audit --no-fund")?;
                }
                run(&web, "npm run check")?;
                run(&web, "npm test")
            }
            Self::WebBuild => {
                // The committed build must be that of the committed source, whose types are checked already. It stands
                // apart: Cargo may be reading the committed one.
                let made = target(root).join("web-dist");
                let made = made.to_str().context("the path of the target folder is not UTF-8")?;
                run_words(
                    &web,
                    &["npm", "run", "bundle", "--", "--emptyOutDir", "--outDir", made],
                    &[],
                )?;
                let compare =
                    ["git", "diff", "--no-index", "--exit-code", "--stat", "web/dist", made];
                run_words(root, &compare, &[])
                    .context("web/dist is not what `npm run build` makes of web/src")
            }
            Self::Compose => validate_compose(root),
            Self::Clippy => {
                run(root, "cargo clippy --workspace --all-targets --locked -- -D warnings")
            }
            Self::Build => {
                compile(root, &words("cargo build --workspace --all-targets --locked"))?;
                // It is compiled without lints.
                let unsafe_crate = "cargo clippy -p cascade-abi --all-targets --all-features";
                run(root, &format!("{unsafe_crate} --locked -- -D warnings"))
            }
            Self::Binary => compile(root, &words("cargo build --locked -p cascade")),
            Self::Doc => document(root),
            Self::Package => {
                run(root, &format!("cargo package --locked --allow-dirty --no-verify {PUBLISHED}"))
            }
        }
    }
}

fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

/// Cargo, with lints in the same go as the code is made: whatever compiles crates of this workspace for tests does it
/// by the same compiler, or it would be compiled once for each. lint-and-compile.sh says more.
fn compile(root: &Path, words: &[&str]) -> Result<()> {
    run_words(root, words, &[("RUSTC_WORKSPACE_WRAPPER", &script(root, "lint-and-compile.sh")?)])
}

/// The examples in comments hold, and the documentation of the published crates has no warnings: document-and-test.sh
/// says why both at once.
fn document(root: &Path) -> Result<()> {
    let published = PUBLISHED.replace("-p ", "").replace('-', "_");
    let documents = target(root).join("doc");
    let documents = documents.to_str().context("the path of the target folder is not UTF-8")?;
    let env = [
        ("RUSTC_WORKSPACE_WRAPPER", &*script(root, "lint-and-compile.sh")?),
        ("RUSTDOC", &script(root, "document-and-test.sh")?),
        ("DOCUMENTED", &published),
        ("DOCUMENTS", documents),
    ];
    run_with(root, "cargo test --workspace --doc --locked --quiet", &env)
}

/// The path of a script of this crate.
fn script(root: &Path, name: &str) -> Result<String> {
    let path = root.join("xtask").join(name);
    Ok(path.to_str().context("the path of the checkout is not UTF-8")?.to_owned())
}

/// Whether node_modules is what package-lock.json says: npm writes its own copy of the list there.
fn installed(web: &Path) -> bool {
    let modified = |path: &str| fs::metadata(web.join(path)).and_then(|meta| meta.modified()).ok();
    let (installed, wanted) =
        (modified("node_modules/.package-lock.json"), modified("package-lock.json"));
    installed.is_some() && installed >= wanted
}

/// Where docker has its compose plug-in; elsewhere it says that it did not look.
fn validate_compose(root: &Path) -> Result<()> {
    let asked = Command::new("docker").args(["compose", "version"]).output();
    if asked.is_ok_and(|asked| asked.status.success()) {
        let password = [("POSTGRES_PASSWORD", "only-to-validate")];
        return run_with(root, "docker compose config --quiet", &password);
    }
    say("\n==> docker-compose.yml not validated: there is no `docker compose` here")
}

/// The tests in Rust of some packages; `servers` starts what they share, if it is given.
///
/// # Errors
/// When a test fails.
pub(super) fn nextest(
    root: &Path,
    packages: &[String],
    filter: &str,
    servers: Option<&Path>,
) -> Result<()> {
    // Two more than there are cores: tests wait for servers and browsers a quarter of the time.
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let threads = format!("--test-threads={}", cores + 2);
    let servers = servers.map(|servers| servers.to_str().context("the path is not UTF-8"));
    let mut words: Vec<_> = servers.transpose()?.into_iter().collect();
    words.extend(["cargo", "nextest", "run", "--locked", &threads]);
    words.extend(packages.iter().map(String::as_str));
    words.extend(["-E", filter]);
    compile(root, &words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compiles(name: &str, source: &str) -> bool {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("lib.rs");
        fs::write(&file, source).unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let mut compiler = Command::new(script(root, "lint-and-compile.sh").unwrap());
        compiler.args(["rustc", "--crate-type=lib", "--error-format=json", "--crate-name", name]);
        compiler.arg("--out-dir").arg(folder.path()).arg(file).env("IT-IS", "kept");
        let output = compiler.output().unwrap();
        println!("{}", String::from_utf8_lossy(&output.stderr));
        let library = folder.path().join(format!("lib{name}.rlib"));
        assert_eq!(output.status.success(), library.exists());
        output.status.success()
    }

    #[test]
    fn what_clippy_warns_of_is_not_compiled() {
        let sound = "pub const KEPT: &str = env!(\"IT-IS\");\n";
        assert!(compiles("a_crate", sound));
        let returns = "pub fn three() -> i32 {\n    return 3;\n}\n";
        assert!(!compiles("a_crate", returns));
        // Its lints are looked at apart, but not its warnings.
        assert!(compiles("cascade_abi", returns));
        assert!(!compiles("cascade_abi", "fn unused() {}\n"));
    }
}
