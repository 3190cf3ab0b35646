use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::template::Template;

/// `[jobs.notify.params]`: who is told, and in which words.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// The address at which people open this host, such as `https://cascade.example`: messages link to
    /// the run.
    #[schemars(extend("format" = "uri"))]
    pub public_url: Option<String>,
    /// Addresses that get JSON, signed.
    pub webhooks: Vec<Webhook>,
    /// Incoming webhooks of Slack, or of what takes the same JSON: Mattermost, Rocket.Chat.
    pub slack: Vec<Slack>,
    /// Mail.
    pub emails: Vec<Email>,
    /// The words, in place of the usual ones.
    pub templates: Templates,
}

/// An address that gets JSON, signed as [Standard Webhooks](https://www.standardwebhooks.com) says.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Name of the target, unique among all of them.
    pub name: String,
    /// Where the JSON is sent.
    #[schemars(extend("format" = "uri"))]
    pub url: String,
    /// The environment variable that holds the secret of the signature, at least 16 bytes; after `whsec_`
    /// it is base64. It must be named in `env` of `[secrets]`.
    #[schemars(extend("format" = "env"))]
    pub secret_env: String,
    /// Slugs of the projects that it is told of; all, if empty.
    #[serde(default)]
    pub projects: Vec<String>,
}

/// An incoming webhook of Slack, or of what takes the same JSON.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Slack {
    /// Name of the target, unique among all of them.
    pub name: String,
    /// The environment variable that holds the webhook's address, which is a secret. It must be named in
    /// `env` of `[secrets]`.
    #[schemars(extend("format" = "env"))]
    pub url_env: String,
    /// Slugs of the projects that it is told of; all, if empty.
    #[serde(default)]
    pub projects: Vec<String>,
}

/// Mail to some people.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Email {
    /// Name of the target, unique among all of them.
    pub name: String,
    /// The mail server: `smtps://HOST` for TLS from the start (port 465), `smtp://HOST` for STARTTLS (587).
    pub server: String,
    /// Who signs in; nobody, if not given.
    #[serde(default)]
    pub user: Option<String>,
    /// The environment variable that holds the password. It must be named in `env` of `[secrets]`.
    #[serde(default)]
    #[schemars(extend("format" = "env"))]
    pub password_env: Option<String>,
    /// No TLS, so that all can read password and mails on their way. For a server on the same machine.
    #[serde(default)]
    pub without_tls: bool,
    /// The sender, such as `Cascade <cascade@example.com>`.
    pub from: String,
    /// The recipients.
    #[schemars(length(min = 1, max = 100))]
    pub to: Vec<String>,
    /// Slugs of the projects that they are told of; all, if empty.
    #[serde(default)]
    pub projects: Vec<String>,
}

/// What messages say. A line of a body in which no placeholder has anything to tell is left out.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Templates {
    /// The subject when a cascade breaks.
    #[schemars(with = "String")]
    pub failure_subject: Template,
    /// The text then.
    #[schemars(with = "String")]
    pub failure_body: Template,
    /// The subject when it works again.
    #[schemars(with = "String")]
    pub recovered_subject: Template,
    /// The text then.
    #[schemars(with = "String")]
    pub recovered_body: Template,
}

impl Default for Templates {
    fn default() -> Self {
        Self {
            failure_subject: Template::usual("{project}: {cascade} is broken"),
            failure_body: Template::usual(
                "{job} of {project_name} has failed.\nError: {error}\nAttempts: {attempts}\n\
                 Not reached: {not_reached}\nKey: {key}\nRun: {run_id} {link}\n\
                 Configuration: {config_revision}",
            ),
            recovered_subject: Template::usual("{project}: {cascade} works again"),
            recovered_body: Template::usual(
                "{job} of {project_name} has succeeded.\nBroken since: {since}\n\
                 Failures: {failures}\nKey: {key}\nRun: {run_id} {link}",
            ),
        }
    }
}

/// Somebody to tell.
#[derive(Debug, Clone, Copy)]
pub enum Target<'a> {
    Webhook(&'a Webhook),
    Slack(&'a Slack),
    Email(&'a Email),
}

impl Target<'_> {
    pub fn name(&self) -> &str {
        match self {
            Self::Webhook(webhook) => &webhook.name,
            Self::Slack(slack) => &slack.name,
            Self::Email(email) => &email.name,
        }
    }

    fn projects(&self) -> &[String] {
        match self {
            Self::Webhook(webhook) => &webhook.projects,
            Self::Slack(slack) => &slack.projects,
            Self::Email(email) => &email.projects,
        }
    }
}

impl Params {
    /// Who is told of a project.
    ///
    /// # Errors
    /// When two targets have one name: what was told is known by it.
    pub fn targets(&self, project: &str) -> Result<Vec<Target<'_>>, String> {
        let webhooks = self.webhooks.iter().map(Target::Webhook);
        let slack = self.slack.iter().map(Target::Slack);
        let all = webhooks.chain(slack).chain(self.emails.iter().map(Target::Email));
        let all: Vec<_> = all.collect();
        let mut names = BTreeSet::new();
        if let Some(twice) = all.iter().find(|target| !names.insert(target.name().to_owned())) {
            return Err(format!("params: two targets are named `{}`", twice.name()));
        }
        let of_project = |target: &Target<'_>| {
            target.projects().is_empty() || target.projects().iter().any(|slug| slug == project)
        };
        Ok(all.into_iter().filter(of_project).collect())
    }
}
