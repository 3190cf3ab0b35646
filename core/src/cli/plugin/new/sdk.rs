//! Where a plugin outside a checkout has the sdk from.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use toml_edit::Value;

/// A source that Cargo can have the crates `cascade-sdk` and `cascade-testkit` from.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sdk {
    /// The folder that the crates' folders stand in.
    Path(PathBuf),
    /// A tag of a repository.
    Tag { url: String, tag: String },
    /// A released version.
    Version(String),
}

impl Sdk {
    /// What `--sdk` names; without it, the checkout that this binary was built in if it is still there, or
    /// else the release that this binary was built with.
    pub fn find(named: Option<&str>) -> Result<Self> {
        let Some(named) = named else {
            let beside = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("plugins");
            return Ok(match beside.join("sdk/Cargo.toml").is_file() {
                true => Self::Path(beside),
                false => Self::Version(cascade_sdk::VERSION.to_owned()),
            });
        };
        if named.contains("://") {
            let tagged = named.rsplit_once('#').filter(|(_, tag)| !tag.is_empty());
            let (url, tag) = tagged.with_context(|| {
                format!(
                    "--sdk: name a tag of the repository: {named}#v{}",
                    env!("CARGO_PKG_VERSION")
                )
            })?;
            return Ok(Self::Tag { url: url.to_owned(), tag: tag.to_owned() });
        }
        let is_version = |c: char| c.is_ascii_digit() || c == '.';
        if named.starts_with(|c: char| c.is_ascii_digit()) && named.chars().all(is_version) {
            return Ok(Self::Version(named.to_owned()));
        }
        let folder = std::path::absolute(named)?;
        ensure!(folder.join("Cargo.toml").is_file(), "--sdk: {} is no crate", folder.display());
        Ok(Self::Path(folder.parent().map(Path::to_owned).unwrap_or_default()))
    }

    /// `cascade-PART` as the value of a dependency in Cargo.toml.
    pub fn dependency(&self, part: &str) -> String {
        let quoted = |text: &str| Value::from(text).to_string();
        match self {
            Self::Path(beside) => {
                format!("{{ path = {} }}", quoted(&beside.join(part).display().to_string()))
            }
            Self::Tag { url, tag } => format!("{{ git = {}, tag = {} }}", quoted(url), quoted(tag)),
            Self::Version(version) => quoted(version),
        }
    }
}

impl fmt::Display for Sdk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(beside) => write!(f, "from the folder {}", beside.join("sdk").display()),
            Self::Tag { url, tag } => write!(f, "from tag {tag} of {url}"),
            Self::Version(version) => write!(f, "version {version}, from the registry"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_a_tag_or_a_version_can_be_named() {
        let tag = Sdk::find(Some("https://cascade.example/cascade#v0.1.0")).unwrap();
        assert_eq!(
            tag.dependency("sdk"),
            r#"{ git = "https://cascade.example/cascade", tag = "v0.1.0" }"#
        );
        assert_eq!(tag.to_string(), "from tag v0.1.0 of https://cascade.example/cascade");
        let version = Sdk::find(Some("0.1")).unwrap();
        assert_eq!(version.dependency("testkit"), r#""0.1""#);
        assert_eq!(version.to_string(), "version 0.1, from the registry");
        let folder = Sdk::find(None).unwrap();
        assert!(folder.dependency("testkit").contains("plugins/testkit\""), "{folder}");
    }

    #[test]
    fn what_is_none_of_them_is_refused() {
        let untagged = Sdk::find(Some("https://cascade.example/cascade")).unwrap_err().to_string();
        assert!(untagged.contains("name a tag"), "{untagged}");
        assert!(Sdk::find(Some("nowhere")).unwrap_err().to_string().contains("is no crate"));
    }
}
