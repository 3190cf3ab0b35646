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
    /// Address of a feed; of a mail server: `imaps://HOST`, or `imap://HOST` for STARTTLS; of the API of
    /// Slack, GitHub or GitLab, where it is not the public one.
    pub url: Option<String>,
    /// For Slack without `path`, GitHub and GitLab: the environment variable that holds the token for the
    /// API. It must be named in `env` of `[secrets]`. Public issues need none.
    #[serde(default)]
    pub token_env: Option<String>,
    /// For GitHub and GitLab: `OWNER/NAME`, of GitLab the whole path `GROUP/SUBGROUP/PROJECT`.
    #[serde(default)]
    pub repository: Option<String>,
    /// For IMAP: who signs in.
    #[serde(default)]
    pub user: Option<String>,
    /// For IMAP: the environment variable that holds the password. It must be named in `env` of
    /// `[secrets]`.
    #[serde(default)]
    #[schemars(extend("format" = "env"))]
    pub password_env: Option<String>,
    /// For IMAP: the folders that are read, `INBOX` if left out. `*` stands for anything, `%` for
    /// anything within one level, and `!` before a name leaves it out: `["*", "!Trash"]`.
    #[serde(default)]
    pub mailboxes: Option<Vec<String>>,
    /// For IMAP by `imap://`: no TLS, so that all can read password and mails on their way. For a
    /// server on the same machine.
    #[serde(default)]
    pub without_tls: bool,
    /// For a Maildir: whether its folders (Maildir++) are read as well. Sent mail and spam lie in some.
    #[serde(default)]
    pub folders: bool,
    /// For sample data: an archive that ends at this time is shown as if it ended within the day
    /// before the first sync. All its times move by that many whole days, then and ever after.
    pub replay_from: Option<DateTime<Utc>>,
}

impl Source {
    /// Where it is, and by what it is reached: once any of it is another, it is tried at once, however
    /// long the source failed.
    pub fn address(&self) -> String {
        let parts: &[&Option<String>] = match self.kind {
            SourceKind::Imap => &[&self.url, &self.user, &self.password_env],
            SourceKind::GitHub | SourceKind::GitLab => {
                &[&self.url, &self.repository, &self.token_env]
            }
            _ if self.path.is_some() => &[&self.path],
            _ if self.url.is_some() => &[&self.url],
            _ => &[&self.token_env],
        };
        let told: Vec<&str> = parts.iter().filter_map(|part| part.as_deref()).collect();
        told.join(" ")
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
    /// Folders of a mail server.
    Imap,
    /// Issues and pull requests of a repository, with their comments.
    #[serde(rename = "github")]
    GitHub,
    /// Issues of a project, with their comments.
    #[serde(rename = "gitlab")]
    GitLab,
}

impl SourceKind {
    /// As jobs.toml spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mbox => "mbox",
            Self::Maildir => "maildir",
            Self::Slack => "slack",
            Self::Feed => "feed",
            Self::Imap => "imap",
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
        }
    }

    /// As the `messages` table spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mbox | Self::Maildir | Self::Imap => "mail",
            Self::Slack => "slack",
            Self::Feed => "feed",
            Self::GitHub | Self::GitLab => "issue",
        }
    }
}
