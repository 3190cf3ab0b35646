//! Figures as they are measured.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    options::Scenario,
    statistics::{self, Spread},
};

/// One measurement.
#[derive(Debug, Clone, Serialize)]
pub struct Sample {
    /// The question.
    pub scenario: Scenario,
    /// Under which conditions, such as `1 x 100`.
    pub setting: String,
    /// The system and its mode, as the report calls it.
    pub subject: String,
    /// Whether it is Cascade.
    pub own: bool,
    /// Whether it stands among those that Cascade is compared with, or for reference only.
    pub compared: bool,
    /// As the report prints it.
    pub durability: &'static str,
    /// From 1.
    pub round: u32,
    /// By name.
    pub figures: BTreeMap<&'static str, f64>,
    /// It took longer than it may; the figures are of the time until then.
    pub capped: bool,
    /// Why there are no figures.
    pub error: Option<String>,
}

/// All that was measured.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(transparent)]
pub struct Samples(pub Vec<Sample>);

impl Samples {
    /// Of one scenario.
    pub fn of(&self, scenario: Scenario) -> impl Iterator<Item = &Sample> {
        self.0.iter().filter(move |sample| sample.scenario == scenario)
    }

    /// Subjects of a scenario, in their order.
    pub fn subjects(&self, scenario: Scenario) -> Vec<&Sample> {
        let mut found: Vec<&Sample> = Vec::new();
        for sample in self.of(scenario) {
            if !found.iter().any(|known| known.subject == sample.subject) {
                found.push(sample);
            }
        }
        found
    }

    /// Settings of a scenario, in their order.
    pub fn settings(&self, scenario: Scenario) -> Vec<&str> {
        let mut found: Vec<&str> = Vec::new();
        for sample in self.of(scenario) {
            if !found.contains(&sample.setting.as_str()) {
                found.push(&sample.setting);
            }
        }
        found
    }

    /// A figure over all rounds.
    pub fn spread(
        &self,
        scenario: Scenario,
        setting: &str,
        subject: &str,
        figure: &str,
    ) -> Option<Spread> {
        let fit = |sample: &&Sample| sample.setting == setting && sample.subject == subject;
        let values = self.of(scenario).filter(fit);
        let values: Vec<_> =
            values.filter_map(|sample| sample.figures.get(figure).copied()).collect();
        statistics::spread(&values)
    }

    /// The best median among Cascade's modes (`own`) or among its peers, and whose it is.
    pub fn best(
        &self,
        scenario: Scenario,
        setting: &str,
        figure: &str,
        own: bool,
        better: Better,
    ) -> Option<(f64, &str)> {
        self.best_where(scenario, setting, figure, |subject| subject.own == own, better)
    }

    /// As [`Samples::best`], among subjects picked by how the report calls them.
    pub fn best_of(
        &self,
        scenario: Scenario,
        setting: &str,
        figure: &str,
        fits: &dyn Fn(&str) -> bool,
        better: Better,
    ) -> Option<(f64, &str)> {
        self.best_where(scenario, setting, figure, |subject| fits(&subject.subject), better)
    }

    fn best_where(
        &self,
        scenario: Scenario,
        setting: &str,
        figure: &str,
        fits: impl Fn(&Sample) -> bool,
        better: Better,
    ) -> Option<(f64, &str)> {
        let subjects = self.subjects(scenario).into_iter();
        let fit = subjects.filter(|subject| subject.compared && fits(subject));
        let medians = fit.filter_map(|subject| {
            let spread = self.spread(scenario, setting, &subject.subject, figure)?;
            Some((spread.median, subject.subject.as_str()))
        });
        let order = |a: &(f64, &str), b: &(f64, &str)| a.0.total_cmp(&b.0);
        match better {
            Better::More => medians.max_by(order),
            Better::Less => medians.min_by(order),
        }
    }
}

/// Which of two figures is the better one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// The greater.
    More,
    /// The smaller.
    Less,
}
