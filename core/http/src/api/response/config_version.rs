//! The texts of jobs.toml that came into force.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// Where a text of jobs.toml was edited.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ConfigOrigin {
    /// In the browser.
    Ui,
    /// On disk.
    File,
}

impl From<cascade_model::ConfigOrigin> for ConfigOrigin {
    fn from(from: cascade_model::ConfigOrigin) -> Self {
        match from {
            cascade_model::ConfigOrigin::Ui => Self::Ui,
            cascade_model::ConfigOrigin::File => Self::File,
        }
    }
}

/// A text of jobs.toml that came into force, without the text.
#[derive(Debug, Serialize, ToSchema)]
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

impl From<cascade_model::ConfigVersion> for ConfigVersion {
    fn from(from: cascade_model::ConfigVersion) -> Self {
        Self {
            revision: from.revision,
            at: from.at,
            by: from.by,
            comment: from.comment,
            origin: from.origin.into(),
        }
    }
}

/// A [`ConfigVersion`] with its text.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConfigVersionText {
    /// What is known of it.
    #[serde(flatten)]
    pub version: ConfigVersion,
    /// The whole text.
    pub text: String,
}

impl From<cascade_model::ConfigVersionText> for ConfigVersionText {
    fn from(from: cascade_model::ConfigVersionText) -> Self {
        Self { version: from.version.into(), text: from.text }
    }
}

/// One page of what came into force.
#[derive(Debug, Serialize, ToSchema)]
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

impl From<cascade_model::ConfigHistory> for ConfigHistory {
    fn from(from: cascade_model::ConfigHistory) -> Self {
        Self {
            items: from.items.into_iter().map(Into::into).collect(),
            total: from.total,
            page: from.page,
            per_page: from.per_page,
        }
    }
}
