//! One table for each scenario: a row for each system, the ratio to the best of them below.

use std::fmt::Write as _;

use crate::{
    options::Scenario,
    sample::{Better, Samples},
    statistics::Spread,
};

/// A column: one figure under one setting.
pub struct Column {
    name: String,
    setting: String,
    figure: &'static str,
    better: Better,
}

impl Column {
    pub fn new(name: &str, setting: &str, figure: &'static str, better: Better) -> Self {
        Self { name: name.to_owned(), setting: setting.to_owned(), figure, better }
    }
}

/// A section with the table; nothing if nothing was measured.
pub fn table(
    text: &mut String,
    samples: &Samples,
    scenario: Scenario,
    (title, about): (&str, &str),
    columns: &[Column],
) {
    if columns.is_empty() {
        return;
    }
    let names: Vec<_> = columns.iter().map(|column| column.name.as_str()).collect();
    writeln!(text, "\n## {title}\n\n{about}\nMedian (least..greatest) of the rounds.\n").ok();
    writeln!(text, "| system | {} | durability |", names.join(" | ")).ok();
    writeln!(text, "|---|{}---|", "---|".repeat(columns.len())).ok();
    for subject in samples.subjects(scenario) {
        let cells = columns.iter().map(|column| {
            let Column { setting, figure, .. } = column;
            let capped = samples.of(scenario).any(|sample| {
                sample.capped && sample.setting == *setting && sample.subject == subject.subject
            });
            cell(samples.spread(scenario, setting, &subject.subject, figure), capped)
        });
        let cells = cells.collect::<Vec<_>>().join(" | ");
        writeln!(text, "| {} | {cells} | {} |", subject.subject, subject.durability).ok();
    }
    let ratios: Vec<_> = columns.iter().map(|column| ratio(samples, scenario, column)).collect();
    if ratios.iter().any(Option::is_some) {
        let ratios = ratios.into_iter().map(|ratio| ratio.unwrap_or_else(|| "-".into()));
        let ratios = ratios.collect::<Vec<_>>().join(" | ");
        writeln!(text, "| **Cascade / best peer** | {ratios} | |").ok();
    }
}

/// Cascade's best mode by the best mode of the best peer.
fn ratio(samples: &Samples, scenario: Scenario, column: &Column) -> Option<String> {
    let Column { setting, figure, better, .. } = column;
    let (own, _) = samples.best(scenario, setting, figure, true, *better)?;
    let (best, whose) = samples.best(scenario, setting, figure, false, *better)?;
    Some(format!("**{:.2}** ({whose})", own / best))
}

/// The median, with the spread if there is any.
pub fn cell(spread: Option<Spread>, capped: bool) -> String {
    let Some(Spread { median, min, max }) = spread else { return "-".into() };
    let mut cell = number(median);
    if min < max {
        write!(cell, " ({}..{})", number(min), number(max)).ok();
    }
    if capped {
        cell.push_str(", capped");
    }
    cell
}

/// With about three digits that count.
pub fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 || size == 0.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}
