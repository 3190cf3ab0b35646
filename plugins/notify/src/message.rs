//! What people are told.

use cascade_sdk::{Context, Project};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    args::{Args, Kind},
    params::Params,
    state::News,
    template::{Field, Template},
};

/// The longest error that a message quotes, characters.
const LONGEST_ERROR: usize = 2_000;
/// The longest subject, characters.
const LONGEST_SUBJECT: usize = 200;
/// The most jobs that are named as not reached.
const MOST_NOT_REACHED: usize = 50;

/// A message, before it is given the form that a target takes.
pub struct Message {
    run: Uuid,
    /// What it is about.
    about: String,
    /// One line.
    pub subject: String,
    /// Several lines.
    pub body: String,
    /// The same for programs, without `id`.
    facts: Value,
}

impl Message {
    pub fn new(ctx: &Context, params: &Params, args: &Args, news: &News) -> Self {
        let project = ctx.project();
        let link = link(params, args);
        let error = args.error.as_deref().map(|text| cut(text, LONGEST_ERROR));
        let value = |field| value(field, project, args, news, error.as_deref(), link.as_deref());
        let templates = &params.templates;
        let (subject, body): (&Template, &Template) = match args.kind {
            Kind::Failure => (&templates.failure_subject, &templates.failure_body),
            Kind::Recovered => (&templates.recovered_subject, &templates.recovered_body),
        };
        let subject = subject.fill(value);
        let subject = subject.split_whitespace().collect::<Vec<_>>().join(" ");
        let (subject, body) = (cut(&subject, LONGEST_SUBJECT), body.fill(value));
        let facts = json!({
            "type": args.kind,
            "at": cascade_sdk::rfc3339(news.at),
            "project": { "id": project.id, "slug": project.slug, "name": project.name },
            "cascade": news.cascade,
            "job": args.job,
            "key": args.key,
            "run_id": args.run_id,
            "error": error,
            "attempts": args.attempts,
            "config_revision": args.config_revision,
            "not_reached": args.not_reached,
            "since": news.since,
            "failures": news.failures,
            "link": link,
            "subject": subject,
            "text": body,
        });
        let key = args.key.as_deref().unwrap_or_default();
        let about = format!("{} {key} {}", news.cascade, facts["type"]);
        Self { run: ctx.run_id(), about, subject, body, facts }
    }

    /// The same for all attempts to tell one target of this: who has it twice may drop the second.
    pub fn id(&self, target: &str) -> Uuid {
        Uuid::new_v5(&self.run, self.of(target).as_bytes())
    }

    /// Whom it is for and what it is about: a run may tell of several things.
    pub fn of(&self, target: &str) -> String {
        format!("{target}: {}", self.about)
    }

    /// For programs.
    pub fn json(&self, target: &str) -> Value {
        let mut facts = json!({ "id": self.id(target) });
        if let (Some(all), Some(facts)) = (facts.as_object_mut(), self.facts.as_object()) {
            all.extend(facts.clone());
        }
        facts
    }
}

/// The run's page.
fn link(params: &Params, args: &Args) -> Option<String> {
    let url = params.public_url.as_deref()?.trim_end_matches('/');
    Some(match &args.run_id {
        Some(run) => format!("{url}/runs/{run}"),
        None => format!("{url}/jobs/{}", args.job),
    })
}

fn value(
    field: Field,
    project: &Project,
    args: &Args,
    news: &News,
    error: Option<&str>,
    link: Option<&str>,
) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    match field {
        Field::Job => args.job.clone(),
        Field::Cascade => news.cascade.clone(),
        Field::Project => project.slug.clone(),
        Field::ProjectName => project.name.clone(),
        Field::Key => text(&args.key),
        Field::RunId => text(&args.run_id),
        Field::Error => error.unwrap_or_default().to_owned(),
        Field::Attempts => args.attempts.map(|n| n.to_string()).unwrap_or_default(),
        Field::ConfigRevision => text(&args.config_revision),
        Field::NotReached => named(&args.not_reached),
        Field::Since => news.since.clone(),
        Field::Failures => news.failures.to_string(),
        Field::Link => link.unwrap_or_default().to_owned(),
    }
}

fn named(jobs: &[String]) -> String {
    let shown = jobs.iter().take(MOST_NOT_REACHED).map(String::as_str).collect::<Vec<_>>();
    let more = jobs.len().saturating_sub(MOST_NOT_REACHED);
    let shown = shown.join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", &text[..at]),
    }
}
