//! The files of a new plugin, from the templates beside this file.

use std::path::PathBuf;

use anyhow::Result;

use super::{Kind, sdk::Sdk};

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
pub(super) fn files(kind: Kind, names: &Names, sdk: &Sdk) -> Result<Vec<(PathBuf, String)>> {
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
                .replace("{{sdk}}", &sdk.dependency("sdk"))
                .replace("{{testkit}}", &sdk.dependency("testkit"));
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

/// Keywords of Rust, strict and reserved: The Rust Reference, "Keywords".
pub(super) fn is_keyword(name: &str) -> bool {
    const KEYWORDS: &str = " abstract as async await become box break const continue crate do dyn \
        else enum extern false final fn for gen if impl in let loop macro match mod move mut \
        override priv pub ref return self static struct super trait true try type typeof unsafe \
        unsized use virtual where while yield ";
    KEYWORDS.contains(&format!(" {name} "))
}
