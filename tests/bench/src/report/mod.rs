//! What a run came to: Markdown for people, JSON with every figure.

mod table;
mod targets;

use std::{collections::BTreeMap, fmt::Write as _};

use serde::Serialize;
use serde_json::Value;

use crate::{
    options::{Options, Scenario},
    sample::{Better, Samples},
    scenario::{FANOUT, KEPT, NO_OP_P50},
};
use table::{Column, table};
use targets::targets;

/// All of it.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Of the machine and of all that takes part.
    pub facts: Vec<(String, String)>,
    /// What was asked for.
    pub options: Options,
    /// Every figure of every round.
    pub samples: Samples,
    /// Answers of other programs, by name.
    pub attached: BTreeMap<&'static str, Value>,
    /// Who was left out, and why.
    pub skipped: Vec<String>,
}

const THROUGHPUT: &str = "No-op jobs a second, from the start of the first body until every one is \
    durably completed; worker processes x jobs at a time in each.";
const LATENCY: &str = "From just before the enqueue call to the start of the job's body, in ms. \
    Cascade is asked over HTTP, as its users do, and in SQL; the others by their library, in process.";
const CASCADE: &str = "Seven no-op jobs; from the first start to the last end, and from a job's end \
    to the start of what it triggers, in ms.";
const DEPTH: &str = "No-op jobs a second of one process, 100 at a time: on an otherwise empty table, \
    with many more that wait, and with many finished ones that are kept.";
const HORIZON: &str = "No-op jobs a second of one process, 100 at a time, before and after many were \
    asked for and done beside a transaction that stays open; each system in its best mode.";
const IDLE: &str = "One process with scheduled jobs that are not due: CPU seconds a minute, and \
    statements a minute by pg_stat_statements, BEGIN and COMMIT included (for Redis: its commands).";
const EMBEDDED: &str = "The same on SQLite, in one process.";
const BARE: &str = "The SQL of a run alone, by pgbench, in runs a second.";

impl Report {
    /// As a document.
    pub fn markdown(&self) -> String {
        let mut text = String::from("# Benchmark\n\n## Targets\n\n");
        targets::write(&mut text, &targets(&self.samples, &self.attached));
        self.throughput(&mut text, Scenario::Throughput, "Throughput", THROUGHPUT);
        self.latency(&mut text, Scenario::Latency, "Pick-up latency", LATENCY);
        self.cascade(&mut text);
        self.depth(&mut text);
        self.horizon(&mut text);
        self.idle(&mut text);
        self.throughput(&mut text, Scenario::Embedded, "Embedded: throughput", EMBEDDED);
        self.latency(&mut text, Scenario::Embedded, "Embedded: pick-up latency", EMBEDDED);
        self.fanout(&mut text);
        self.bare(&mut text);
        self.notes(&mut text);
        text.push_str("\n## Machine and versions\n\n| what | value |\n|---|---|\n");
        for (name, value) in &self.facts {
            writeln!(text, "| {name} | {value} |").ok();
        }
        text
    }

    fn asked(&self, scenario: Scenario) -> bool {
        self.samples.of(scenario).next().is_some()
    }

    fn throughput(&self, text: &mut String, scenario: Scenario, title: &str, about: &str) {
        let settings = self.samples.settings(scenario);
        let rates = settings.iter().filter(|setting| setting.contains(" x "));
        let columns: Vec<_> = rates
            .map(|setting| Column::new(setting, setting, "jobs_per_s", Better::More))
            .collect();
        table(text, &self.samples, scenario, (title, about), &columns);
    }

    fn latency(&self, text: &mut String, scenario: Scenario, title: &str, about: &str) {
        let settings = self.samples.settings(scenario);
        let Some(setting) = settings.iter().find(|setting| setting.ends_with("/s")) else { return };
        let column = |name, figure| Column::new(name, setting, figure, Better::Less);
        let columns = [column("p50", "p50_ms"), column("p99", "p99_ms"), column("max", "max_ms")];
        table(text, &self.samples, scenario, (title, about), &columns);
    }

    fn cascade(&self, text: &mut String) {
        let settings = self.samples.settings(Scenario::Cascade);
        let Some(setting) = settings.first() else { return };
        let column = |name, figure| Column::new(name, setting, figure, Better::Less);
        let columns = [
            column("chain p50", "chain_p50_ms"),
            column("chain max", "chain_max_ms"),
            column("hop p50", "hop_p50_ms"),
            column("hop p99", "hop_p99_ms"),
        ];
        table(text, &self.samples, Scenario::Cascade, ("Cascade", CASCADE), &columns);
        if let Some(ms) = self.attached.get(NO_OP_P50).and_then(Value::as_f64) {
            writeln!(
                text,
                "\nThe no-op transaction itself (one row updated and committed, pgbench, one \
                 connection): p50 {ms:.3} ms."
            )
            .ok();
        }
    }

    fn depth(&self, text: &mut String) {
        let settings = self.samples.settings(Scenario::Depth);
        let columns: Vec<_> = settings
            .iter()
            .map(|setting| Column::new(setting, setting, "jobs_per_s", Better::More))
            .collect();
        table(text, &self.samples, Scenario::Depth, ("Depth", DEPTH), &columns);
        if self.asked(Scenario::Depth) {
            let Options { jobs, waiting, finished, .. } = &self.options;
            writeln!(text, "\n{jobs} jobs are drained; {waiting} wait; {finished} are kept.").ok();
        }
    }

    fn horizon(&self, text: &mut String) {
        let settings = self.samples.settings(Scenario::Horizon);
        let Some(setting) = settings.first() else { return };
        let column = |name: &str, figure| Column::new(name, setting, figure, Better::More);
        let columns = [
            column("before", "before_per_s"),
            column(&format!("after {setting}"), "jobs_per_s"),
            column("kept", KEPT),
        ];
        table(text, &self.samples, Scenario::Horizon, ("Horizon", HORIZON), &columns);
    }

    fn idle(&self, text: &mut String) {
        let settings = self.samples.settings(Scenario::Idle);
        let columns: Vec<_> = settings
            .iter()
            .flat_map(|setting| {
                let column = |unit, figure| {
                    Column::new(&format!("{setting}, {unit}"), setting, figure, Better::Less)
                };
                [column("CPU s/min", "cpu_s_per_min"), column("queries/min", "queries_per_min")]
            })
            .collect();
        table(text, &self.samples, Scenario::Idle, ("Idle cost", IDLE), &columns);
        if self.asked(Scenario::Idle) {
            writeln!(text, "\n{} scheduled jobs.", self.options.scheduled).ok();
        }
    }

    fn fanout(&self, text: &mut String) {
        let Some(answer) = self.attached.get(FANOUT) else { return };
        let json = serde_json::to_string_pretty(answer).unwrap_or_default();
        writeln!(text, "\n## Fan-out\n\n```json\n{json}\n```").ok();
    }

    fn bare(&self, text: &mut String) {
        let settings = self.samples.settings(Scenario::Bare);
        let Some(subject) = self.samples.subjects(Scenario::Bare).into_iter().next() else {
            return;
        };
        writeln!(text, "\n## Bare SQL\n\n{BARE}\n\n| script | runs/s |\n|---|---|").ok();
        for setting in settings {
            let spread =
                self.samples.spread(Scenario::Bare, setting, &subject.subject, "jobs_per_s");
            writeln!(text, "| {setting} | {} |", table::cell(spread, false)).ok();
        }
    }

    /// Who was left out, what failed.
    fn notes(&self, text: &mut String) {
        let failed: Vec<_> = self.samples.0.iter().filter(|s| s.error.is_some()).collect();
        if !self.skipped.is_empty() {
            text.push_str("\n## Left out\n\n");
        }
        for skipped in &self.skipped {
            writeln!(text, "- {skipped}").ok();
        }
        if !failed.is_empty() {
            text.push_str("\n## Failed\n\n");
        }
        for sample in failed {
            let error = sample.error.as_deref().unwrap_or_default();
            let (scenario, setting, subject) = (sample.scenario, &sample.setting, &sample.subject);
            writeln!(text, "- {scenario:?}, {setting}, {subject}, round {}: {error}", sample.round)
                .ok();
        }
    }
}
