use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Where a text of jobs.toml was edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConfigOrigin {
    /// In the browser.
    Ui,
    /// On disk.
    File,
}

impl fmt::Display for ConfigOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ui => "ui",
            Self::File => "file",
        })
    }
}

impl FromStr for ConfigOrigin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "ui" => Ok(Self::Ui),
            "file" => Ok(Self::File),
            other => Err(format!("`{other}` is neither ui nor file")),
        }
    }
}

/// A text of jobs.toml that comes into force.
#[derive(Debug, Clone)]
pub struct ConfigText {
    /// A hash of the text.
    pub revision: String,
    /// The text.
    pub text: String,
    /// Who saved it, if that is known.
    pub by: Option<String>,
    /// Why, in their words.
    pub comment: Option<String>,
    /// Where it was edited.
    pub origin: ConfigOrigin,
}

impl ConfigText {
    /// A text that was found on disk.
    pub fn on_disk(text: &str) -> Self {
        Self {
            revision: crate::revision(text),
            text: text.into(),
            by: None,
            comment: None,
            origin: ConfigOrigin::File,
        }
    }
}

/// A text of jobs.toml that came into force, without the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigVersion {
    /// A hash of the text.
    pub revision: String,
    /// When it came into force.
    pub at: DateTime<Utc>,
    /// Who saved it, if that is known.
    pub by: Option<String>,
    /// Why, in their words.
    pub comment: Option<String>,
    /// Where it was edited.
    pub origin: ConfigOrigin,
}

/// A [`ConfigVersion`] with its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigVersionText {
    /// What is known of it.
    #[serde(flatten)]
    pub version: ConfigVersion,
    /// The whole text.
    pub text: String,
}

/// One page of what came into force.
#[derive(Debug, Clone, Serialize)]
pub struct ConfigHistory {
    /// The newest first.
    pub items: Vec<ConfigVersion>,
    /// How many there are on all pages.
    pub total: u64,
    /// From 1.
    pub page: u32,
    /// Items on a page.
    pub per_page: u32,
}
