//! `cascade runs`.

use std::io::{Write, stdout};

use chrono::{DateTime, Utc};
use clap::Args;
use serde_json::Value;
use uuid::Uuid;

use super::{
    ServerArgs,
    client::Client,
    fault::{Fault, Kind, Result},
    project,
    run::Run,
    text,
};

#[derive(Args)]
pub struct RunsArgs {
    /// Shows this one run in full, with its output.
    #[arg(value_name = "RUN", conflicts_with = "filters")]
    run: Option<Uuid>,
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    pub server: ServerArgs,
}

/// All that are given must fit.
#[derive(Args)]
#[group(id = "filters", multiple = true)]
struct Filters {
    /// Only this project.
    #[arg(long, value_name = "SLUG")]
    project: Option<String>,
    /// Only these jobs, with commas between.
    #[arg(long)]
    job: Option<String>,
    /// Only these states, with commas between, such as failed,cancelled.
    #[arg(long)]
    state: Option<String>,
    /// Only what a timer, a person (manual) or a cascade caused.
    #[arg(long)]
    trigger: Option<String>,
    /// Only those with this text in error, summary or job, or at the start of the id.
    #[arg(long)]
    text: Option<String>,
    /// Only runs of this trace.
    #[arg(long, value_name = "ID")]
    trace: Option<Uuid>,
    /// Only those whose args or output fit, such as args.invoice.id=7 or output.new>0; up to four times.
    #[arg(long = "where", value_name = "CONDITION")]
    conditions: Vec<String>,
    /// Only those with this tag; given several times, with all of these.
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Queued since: a time, or how long ago, such as 2h.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<DateTime<Utc>>,
    /// Queued before: a time, or how long ago.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<DateTime<Utc>>,
    /// By queued_at, started_at, finished_at, took, job_type or state; with `-` before it the greatest
    /// first [default: -queued_at].
    #[arg(long, allow_hyphen_values = true)]
    sort: Option<String>,
    /// Runs on a page.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=200))]
    limit: u32,
    /// From 1.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    page: u32,
}

/// `2026-01-15T12:00:00Z`, or `2h` for two hours ago.
fn moment(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.to_utc());
    }
    let ago =
        humantime::parse_duration(text).ok().and_then(|ago| chrono::TimeDelta::from_std(ago).ok());
    ago.and_then(|ago| Utc::now().checked_sub_signed(ago))
        .ok_or_else(|| "a time such as 2026-01-15T12:00:00Z, or how long ago, such as 2h".into())
}

pub async fn runs(client: &Client, args: RunsArgs) -> Result<()> {
    let json = args.server.json;
    match args.run {
        Some(id) => one(client, id, json).await,
        None => list(client, args.filters, json).await,
    }
}

async fn one(client: &Client, id: Uuid, json: bool) -> Result<()> {
    let told = Run::ask(client, id, false).await?;
    let mut out = stdout();
    if json {
        return Ok(writeln!(out, "{told}")?);
    }
    let run = Run::of(&told)?;
    let time = |at: Option<DateTime<Utc>>| at.map(text::time);
    let output = match &run.output {
        Value::Null => None,
        output => serde_json::to_string_pretty(output).ok(),
    };
    let facts = [
        ("run", Some(run.id.to_string())),
        ("job", Some(text::line(&run.job_type))),
        ("project", Some(text::line(&run.project_slug))),
        ("state", Some(text::line(&run.state))),
        ("attempt", Some(format!("{} of {}", run.attempt, run.max_attempts))),
        ("queued", time(Some(run.queued_at))),
        ("started", time(run.started_at)),
        ("finished", time(run.finished_at)),
        ("took", run.took().map(text::took)),
        ("tags", (!run.tags.is_empty()).then(|| text::line(&run.tags.join(", ")))),
        ("trace", Some(run.trace_id.to_string())),
        ("summary", run.summary.as_deref().map(text::lines)),
        ("error", run.error.as_deref().map(text::lines)),
        ("output", output.as_deref().map(text::lines)),
    ];
    for (name, fact) in facts {
        if let Some(fact) = fact {
            writeln!(out, "{name:<9} {}", fact.replace('\n', "\n          "))?;
        }
    }
    Ok(())
}

async fn list(client: &Client, filters: Filters, json: bool) -> Result<()> {
    let project = match &filters.project {
        Some(slug) => Some(project::id(client, Some(slug)).await?.to_string()),
        None => None,
    };
    let time = |at: Option<DateTime<Utc>>| at.map(|at| at.to_rfc3339());
    let query = [
        ("project_id", project),
        ("job_type", filters.job),
        ("state", filters.state),
        ("trigger", filters.trigger),
        ("text", filters.text),
        ("trace_id", filters.trace.map(|id| id.to_string())),
        ("from", time(filters.since)),
        ("to", time(filters.until)),
        ("sort", filters.sort),
        ("page", Some(filters.page.to_string())),
        ("per_page", Some(filters.limit.to_string())),
    ];
    let conditions = filters.conditions.into_iter().map(|text| ("where", Some(text)));
    let tags = filters.tags.into_iter().map(|tag| ("tag", Some(tag)));
    let query = query.into_iter().chain(conditions).chain(tags);
    let query: Vec<_> = query.filter_map(|(name, value)| Some((name, value?))).collect();
    let page: Value = client.get("/jobs/runs", &query).await?;
    let Some(items) = page["items"].as_array() else {
        return Err(Fault::new(Kind::Other, "the host tells no list of runs"));
    };
    let mut out = stdout().lock();
    if json {
        for run in items {
            writeln!(out, "{run}")?;
        }
        return Ok(());
    }
    let rows = items.iter().map(|run| Ok(row(&Run::of(run)?))).collect::<Result<Vec<_>>>()?;
    text::table(&mut out, ["RUN", "STATE", "JOB", "PROJECT", "QUEUED", "TOOK", ""], &rows)?;
    let total = page["total"].as_u64().unwrap_or_default();
    if u64::from(filters.page) * u64::from(filters.limit) < total {
        eprintln!("{} of {total} runs; --page {} shows more", items.len(), filters.page + 1);
    }
    Ok(())
}

fn row(run: &Run) -> [String; 7] {
    [
        run.id.to_string(),
        text::line(&run.state),
        text::line(&run.job_type),
        text::line(&run.project_slug),
        text::time(run.queued_at),
        run.took().map(text::took).unwrap_or_default(),
        text::line(run.note()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_time_or_how_long_ago() {
        assert_eq!(
            moment("2026-01-15T13:00:00+01:00").unwrap().to_rfc3339(),
            "2026-01-15T12:00:00+00:00"
        );
        assert!(moment("2h").unwrap() < Utc::now());
        for bad in ["yesterday", "2026-01-15", "", "999999999999y"] {
            assert!(moment(bad).is_err(), "{bad}");
        }
    }
}
