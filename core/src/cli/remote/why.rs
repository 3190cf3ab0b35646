//! `cascade why`.

use std::io::{Write, stdout};

use clap::Args;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::{
    ServerArgs,
    client::{Client, segment},
    fault::Result,
    project, text,
};

#[derive(Args)]
pub struct WhyArgs {
    /// The id of a run: why it ran, and what it waits for; or a job: why it does not run.
    #[arg(value_name = "RUN|JOB")]
    what: String,
    /// The project of a job; may be left out where there is but one.
    #[arg(long, value_name = "SLUG")]
    project: Option<String>,
    #[command(flatten)]
    pub server: ServerArgs,
}

#[derive(Deserialize)]
struct Reason {
    text: String,
    fix: Option<String>,
    run_id: Option<Uuid>,
}

#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    because: Vec<Reason>,
    #[serde(default)]
    waits: Vec<Reason>,
    #[serde(default)]
    reasons: Vec<Reason>,
}

pub async fn why(client: &Client, args: WhyArgs) -> Result<()> {
    let answer: Value = match args.what.parse::<Uuid>() {
        Ok(run) => client.get(&format!("/jobs/runs/{run}/why"), &[]).await?,
        Err(_) => {
            let project = project::id(client, args.project.as_deref()).await?.to_string();
            let path = format!("/jobs/{}/why", segment(&args.what));
            client.get(&path, &[("project_id", project)]).await?
        }
    };
    let mut out = stdout();
    if args.server.json {
        return Ok(writeln!(out, "{answer}")?);
    }
    let Told { because, waits, reasons } = Told::deserialize(&answer).unwrap_or(Told {
        because: Vec::new(),
        waits: Vec::new(),
        reasons: Vec::new(),
    });
    tell(&mut out, "It is there because", &because)?;
    tell(&mut out, "It waits because", &waits)?;
    tell(&mut out, "", &reasons)?;
    if because.is_empty() && waits.is_empty() && reasons.is_empty() {
        writeln!(out, "Nothing keeps it: its latest run is what its upstream jobs led to.")?;
    }
    Ok(())
}

fn tell(out: &mut impl Write, title: &str, reasons: &[Reason]) -> Result<()> {
    if !reasons.is_empty() && !title.is_empty() {
        writeln!(out, "{title}")?;
    }
    for Reason { text: what, fix, run_id } in reasons {
        let run = run_id.map(|run| format!(" (run {run})")).unwrap_or_default();
        writeln!(out, "- {}{run}", text::line(what))?;
        if let Some(fix) = fix {
            writeln!(out, "  to change that: {}", text::line(fix))?;
        }
    }
    Ok(())
}
