use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Deserialize;

/// `[jobs.connectors_sync_cycle.params]`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Where messages come from.
    #[serde(default)]
    pub sources: Vec<Source>,
}

/// One place that messages come from.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Slug of the project whose messages these are.
    pub project: String,
    /// Name of the source, unique in its project; renaming it reads everything again.
    pub name: String,
    /// What it is.
    pub kind: SourceKind,
    /// File or folder, relative to jobs.toml. A feed may have a `url` in its place.
    #[schemars(extend("format" = "path"))]
    pub path: Option<String>,
    /// Address of a feed; of Slack's Web API, where it is not `https://slack.com/api`.
    pub url: Option<String>,
    /// For Slack without `path`: the environment variable that holds the token for the Web API. It must
    /// be named in `env` of `[secrets]`.
    #[serde(default)]
    pub token_env: Option<String>,
    /// For a Maildir: whether its folders (Maildir++) are read as well. Sent mail and spam lie in some.
    #[serde(default)]
    pub folders: bool,
    /// For sample data: an archive that ends at this time is shown as if it ended within the day
    /// before the first sync. All its times move by that many whole days, then and ever after.
    pub replay_from: Option<DateTime<Utc>>,
}

impl Source {
    /// Where it is: its path or URL.
    pub fn address(&self) -> &str {
        self.path
            .as_deref()
            .or(self.url.as_deref())
            .or(self.token_env.as_deref())
            .unwrap_or_default()
    }
}

/// The kinds of source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// A mail archive in one file.
    Mbox,
    /// A mail archive in a folder with `cur`, `new` or both.
    Maildir,
    /// An unpacked Slack export, or Slack's Web API.
    Slack,
    /// RSS, Atom or JSON Feed, by file or HTTP.
    Feed,
}

impl SourceKind {
    /// As jobs.toml spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mbox => "mbox",
            Self::Maildir => "maildir",
            Self::Slack => "slack",
            Self::Feed => "feed",
        }
    }

    /// As the `messages` table spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mbox | Self::Maildir => "mail",
            Self::Slack => "slack",
            Self::Feed => "feed",
        }
    }
}
