//! The queue of one job in one project: how many runs stand how, and the first of each. Whatever is written per
//! part goes through an index that has that part alone.

use std::collections::HashMap;

use cascade_model::{HIGHEST_PRIORITY, JobQueue, QueuePart, Run};
use cascade_sdk::{Dialect, Statement, host::Database};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    Text,
    row::{RUN_COLUMNS, RUN_TABLES, RunRow},
    rows,
};
use crate::Result;

/// One job in one project.
struct Place<'p> {
    dialect: Dialect,
    job: &'p str,
    project: Uuid,
}

impl Place<'_> {
    fn text(&self) -> Text {
        Text::of(self.dialect, "")
    }

    /// The runs of callers that are neither behind another nor under way.
    fn ahead(&self, text: Text) -> Text {
        self.of(text.push(" FROM queue_runs r").through("queue_runs_claimable"))
            .push(" AND r.state IN ('available', 'retryable') AND ")
            .first_of_its_key(true)
    }

    /// Those behind another.
    fn behind(&self, text: Text) -> Text {
        self.of(text.push(" FROM queue_runs r").through("queue_runs_behind"))
            .push(" AND r.state = 'available' AND ")
            .first_of_its_key(false)
    }

    /// Those under way.
    fn running(&self, text: Text) -> Text {
        self.of(text.push(" FROM queue_runs r").through("queue_runs_leased"))
            .push(" AND r.state = 'running'")
    }

    /// The run of the schedule.
    fn of_schedule(&self, text: Text) -> Text {
        self.of(text.push(" FROM worker_runs r"))
            .push(" AND r.state IN ('available', 'running', 'retryable')")
    }

    fn of(&self, text: Text) -> Text {
        text.push(" WHERE r.project_id = ")
            .bind_id(self.project)
            .push(" AND r.job_type = ")
            .bind(self.job)
    }

    /// Those to be tried again, which are few.
    fn retryable(&self, text: Text) -> Text {
        self.of(text.push(" FROM queue_runs r").through("queue_runs_by_state"))
            .push(" AND r.state = 'retryable' AND r.state <> 'completed' AND ")
            .first_of_its_key(true)
    }

    /// How many runs there are of each kind, and how many of them for a later time: for what is long, SQLite reads
    /// nothing but its index.
    fn counts(&self) -> Statement {
        let counted = |text: Text, part: &str| {
            text.push(&format!("SELECT {part} AS part, count(*) AS runs, "))
                .push("sum(CASE WHEN r.available_at > ")
                .now()
                .push(" THEN 1 ELSE 0 END) AS later")
        };
        let text = self.ahead(counted(self.text(), "'ahead'"));
        let text = self.retryable(counted(text.push(" UNION ALL "), "'again'"));
        let text = self.behind(counted(text.push(" UNION ALL "), "'behind'"));
        let text = self.running(counted(text.push(" UNION ALL "), "'running'"));
        let text = counted(text.push(" UNION ALL "), PART_OF_SCHEDULE);
        self.of_schedule(text).push(" GROUP BY 1").statement()
    }

    /// Appends the first runs of a part.
    fn first(&self, text: Text, part: QueuePart, most: u32) -> Text {
        let select = |text: Text, order: &str| {
            let name = part.as_str();
            text.push(&format!(" UNION ALL SELECT * FROM (SELECT r.id, '{name}' AS part, {order}"))
        };
        let end = |text: Text, order: &str| {
            text.push(&format!(" ORDER BY {order} LIMIT ")).bind(most).push(") AS one_part")
        };
        match part {
            QueuePart::Running => {
                let text = select(text, "'' AS key, 0 AS rank, r.started_at AS at");
                end(self.running(text), "r.started_at, r.id")
            }
            QueuePart::Behind => {
                let text = select(text, "r.key, r.rank, r.available_at AS at");
                end(self.behind(text), "r.key, r.rank, r.available_at, r.id")
            }
            QueuePart::Retryable => {
                let text = select(text, "'' AS key, 0 AS rank, r.available_at AS at");
                end(self.retryable(text), "r.available_at, r.id")
            }
            // In each priority by themselves, those that may start and those that wait for their time stand one
            // behind the other in the index.
            QueuePart::Waiting | QueuePart::Scheduled => {
                let later = part == QueuePart::Scheduled;
                let compared = if later { ">" } else { "<=" };
                (0..=HIGHEST_PRIORITY).fold(text, |text, rank| {
                    let shown = if later { 0 } else { rank };
                    let order = format!("'' AS key, {shown} AS rank, r.available_at AS at");
                    let text = self.ahead(select(text, &order)).push(&format!(
                        " AND r.state = 'available' AND r.rank = {rank} AND r.available_at {compared} "
                    ));
                    end(text.now(), "r.available_at, r.id")
                })
            }
        }
    }
}

/// How the run of a schedule stands.
const PART_OF_SCHEDULE: &str = "CASE r.state WHEN 'available' THEN 'waiting' ELSE r.state END";

/// A run of a part, and its place in it.
#[derive(Deserialize)]
struct Found {
    id: Uuid,
    part: String,
    key: String,
    rank: i64,
    at: Option<String>,
}

/// Runs of a kind; more than one kind may be of one part.
#[derive(Deserialize)]
struct Count {
    part: String,
    runs: u64,
    /// Those for a later time; null where there is none.
    later: Option<u64>,
}

/// How many runs a part has.
fn of_part(counts: &[Count], part: QueuePart) -> u64 {
    let sum = |name: &str, count: fn(&Count) -> u64| {
        counts.iter().filter(|row| row.part == name).map(count).sum::<u64>()
    };
    let runs = |name: &str| sum(name, |row| row.runs);
    let later = |name: &str| sum(name, |row| row.later.unwrap_or_default());
    // What is to be tried again is among those ahead.
    let scheduled = later("ahead").saturating_sub(later("again"));
    match part {
        QueuePart::Scheduled => scheduled,
        QueuePart::Waiting => {
            runs("ahead").saturating_sub(runs("again") + scheduled) + runs("waiting")
        }
        QueuePart::Retryable => runs("again") + runs("retryable"),
        QueuePart::Running | QueuePart::Behind => runs(part.as_str()),
    }
}

pub(super) async fn queue(
    database: &dyn Database,
    job: &str,
    project: Uuid,
    most: u32,
) -> Result<Vec<JobQueue>> {
    let place = Place { dialect: database.dialect(), job, project };
    let counts: Vec<Count> = rows(database, place.counts()).await?;
    let count = |part| of_part(&counts, part);

    // A part that is empty is not looked for: to find none may take a look at the whole queue.
    let text = place.text().push("SELECT r.id, ").push(PART_OF_SCHEDULE);
    let text =
        place.of_schedule(text.push(" AS part, '' AS key, -1 AS rank, r.available_at AS at"));
    let there = QueuePart::ALL.into_iter().filter(|part| count(*part) > 0);
    let text = there.fold(text, |text, part| place.first(text, part, most));
    let mut found: Vec<Found> = rows(database, text.statement()).await?;
    found.sort_by(|a, b| {
        let place = |row: &Found| (row.rank, row.at.clone(), row.id);
        a.key.cmp(&b.key).then_with(|| place(a).cmp(&place(b)))
    });

    let of_part = |part: QueuePart| {
        let ids = found.iter().filter(move |row| row.part == part.as_str()).map(|row| row.id);
        ids.take(most as usize).collect::<Vec<_>>()
    };
    let parts = QueuePart::ALL.map(|part| (part, of_part(part)));
    let ids = parts.iter().flat_map(|(_, ids)| ids).map(Uuid::to_string).collect();
    let text = Text::of(database.dialect(), "SELECT ").push(RUN_COLUMNS).push(" FROM ");
    let text = text.push(RUN_TABLES).push(" WHERE ").among("r.id", ids);
    let told: Vec<RunRow> = rows(database, text.statement()).await?;
    let mut told: HashMap<_, _> =
        told.into_iter().map(Run::from).map(|run| (run.id, run)).collect();
    let queue = |(part, ids): (QueuePart, Vec<Uuid>)| {
        // One that has ended meanwhile is in the queue no more.
        let runs = ids.into_iter().filter_map(|id| told.remove(&id));
        let runs = runs.filter(|run| run.finished_at.is_none()).collect();
        JobQueue { part, count: count(part), runs }
    };
    Ok(parts.map(queue).into())
}
