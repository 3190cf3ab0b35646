//! The files of a new plugin, from the templates beside this file.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use super::Kind;

/// What the templates are filled in with.
pub(super) struct Names {
    pub name: String,
    pub description: String,
    pub config: PathBuf,
}

impl Names {
    /// `uptime_check` as a Rust type: `UptimeCheck`.
    fn type_name(&self) -> String {
        let capital = |word: &str| {
            let (first, rest) = word.split_at(word.len().min(1));
            first.to_ascii_uppercase() + rest
        };
        self.name.split('_').map(capital).collect()
    }

    fn fill(&self, template: &str) -> String {
        template
            .replace("{{name}}", &self.name)
            .replace("{{Type}}", &self.type_name())
            .replace("{{description}}", &self.description)
            .replace("{{config}}", &self.config.display().to_string())
    }
}

/// Paths within the plugin's folder, with their texts.
pub(super) fn files(
    kind: Kind,
    names: &Names,
    sdk: Option<&Path>,
) -> Result<Vec<(PathBuf, String)>> {
    let name = &names.name;
    let rust = |manifest: String, readme: &str| {
        vec![
            ("Cargo.toml".into(), manifest),
            ("README.md".into(), names.fill(readme)),
            ("src/lib.rs".into(), names.fill(include_str!("templates/rust/lib.rs"))),
            (
                "migrations/0001_init.sql".into(),
                names.fill(include_str!("templates/rust/0001_init.sql")),
            ),
            (format!("tests/{name}.rs").into(), names.fill(include_str!("templates/rust/test.rs"))),
        ]
    };
    Ok(match kind {
        Kind::CompiledIn => rust(
            names.fill(include_str!("templates/rust/Cargo.workspace.toml")),
            include_str!("templates/rust/README.workspace.md"),
        ),
        Kind::Library => {
            let manifest = names.fill(include_str!("templates/rust/Cargo.standalone.toml"));
            let manifest = manifest
                .replace("{{sdk}}", &dependency(sdk, "sdk")?)
                .replace("{{testkit}}", &dependency(sdk, "testkit")?);
            rust(manifest, include_str!("templates/rust/README.standalone.md"))
        }
        Kind::C => vec![
            ("README.md".into(), names.fill(include_str!("templates/c/README.md"))),
            (format!("{name}.c").into(), names.fill(include_str!("templates/c/plugin.c"))),
            ("cascade_plugin.h".into(), cascade_abi::HEADER.into()),
        ],
        Kind::Python => vec![
            ("README.md".into(), names.fill(include_str!("templates/python/README.md"))),
            (format!("{name}.py").into(), names.fill(include_str!("templates/python/job.py"))),
        ],
    })
}

/// A crate of ours as a dependency: from the folder that was named, or from the checkout that this
/// binary was built in, or else by version.
fn dependency(sdk: Option<&Path>, part: &str) -> Result<String> {
    let beside = match sdk {
        Some(sdk) => {
            let sdk = std::path::absolute(sdk)?;
            ensure!(sdk.join("Cargo.toml").is_file(), "--sdk: {} is no crate", sdk.display());
            sdk.parent().map(Path::to_owned).unwrap_or_default()
        }
        None => Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("plugins"),
    };
    let folder = beside.join(part);
    if folder.join("Cargo.toml").is_file() {
        let path = toml_edit::Value::from(folder.display().to_string());
        return Ok(format!("{{ path = {path} }}"));
    }
    Ok(format!("\"{}\"", env!("CARGO_PKG_VERSION")))
}

/// Keywords of Rust, strict and reserved: The Rust Reference, "Keywords".
pub(super) fn is_keyword(name: &str) -> bool {
    const KEYWORDS: &str = " abstract as async await become box break const continue crate do dyn \
        else enum extern false final fn for gen if impl in let loop macro match mod move mut \
        override priv pub ref return self static struct super trait true try type typeof unsafe \
        unsized use virtual where while yield ";
    KEYWORDS.contains(&format!(" {name} "))
}
