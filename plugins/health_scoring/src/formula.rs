//! The formula.
//!
//! ```text
//! load_k   = Σ weight · confidence · 2^(−age / half_life)      over the open signals of kind k
//! impact_k = −max_k · (1 − e^(−load_k / scale_k))
//! relief   = +max_d · (1 − e^(−load_d / scale_d))              decisions, shown as a positive impact
//! score    = clamp(100 + Σ impact_k + relief, 0, 100)
//! ```
//!
//! Each kind can cost `max_k` at most, so that one noisy kind cannot hide the others; the first
//! signals of a kind cost most. There is on purpose no division by the number of messages: ten open
//! blockers are ten open blockers however much people talk beside them, and only so is the score
//! monotone (one more problem never raises it). A talkative project is better told apart by `scale`.

use std::f64::consts::LN_2;

use cascade_sdk::chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// How much one kind of signal can move the score, and how soon.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Weighting {
    /// Points at most.
    #[schemars(range(min = 0, max = 100))]
    pub max: f64,
    /// The load at which 63 % of `max` is reached.
    #[schemars(range(min = 0.01))]
    pub scale: f64,
}

/// An open signal.
#[derive(Debug, Clone, Deserialize)]
pub struct Signal {
    /// As in the table `signals`.
    pub kind: String,
    /// The message it was found in.
    pub message_id: String,
    /// The sentence.
    pub evidence: String,
    /// 0..1.
    pub weight: f64,
    /// 0..1.
    pub confidence: f64,
    /// When the message was sent.
    pub sent_at: DateTime<Utc>,
}

impl Signal {
    /// What it adds to the load of its kind.
    pub fn load(&self, now: DateTime<Utc>, half_life_days: f64) -> f64 {
        // A clock that runs ahead must not make a signal weigh more than a new one.
        let age = (now - self.sent_at).as_seconds_f64().max(0.0) / 86_400.0;
        self.weight * self.confidence * (-LN_2 * age / half_life_days).exp()
    }
}

/// One line of the explanation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Factor {
    /// Kind of signal.
    pub key: String,
    /// Points: below zero it costs, above it gives back.
    pub impact: f64,
    /// How many open signals.
    pub count: usize,
    /// Their load after decay.
    pub weight: f64,
    /// The heaviest.
    pub examples: Vec<Example>,
}

/// A signal that a screen can quote.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Example {
    /// The message.
    pub message_id: String,
    /// The sentence.
    pub evidence: String,
    /// When it was sent.
    pub sent_at: String,
}

/// Examples per factor.
const EXAMPLES: usize = 3;

/// The score and what made it, the costliest first. `gives_back` names the kind that adds points.
pub fn score(
    signals: &[Signal],
    kinds: &[(&str, Weighting)],
    gives_back: &str,
    half_life_days: f64,
    now: DateTime<Utc>,
) -> (f64, Vec<Factor>) {
    let mut total = 100.0;
    let mut factors = Vec::new();
    for (kind, weighting) in kinds {
        let mut of: Vec<(f64, &Signal)> = signals
            .iter()
            .filter(|signal| signal.kind == *kind)
            .map(|signal| (signal.load(now, half_life_days), signal))
            .collect();
        if of.is_empty() {
            continue;
        }
        of.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| b.1.sent_at.cmp(&a.1.sent_at)));
        let load: f64 = of.iter().map(|(load, _)| load).sum();
        let size = weighting.max * (1.0 - (-load / weighting.scale).exp());
        let impact = if *kind == gives_back { size } else { -size };
        total += impact;
        let examples = of.iter().take(EXAMPLES).map(|(_, signal)| Example {
            message_id: signal.message_id.clone(),
            evidence: signal.evidence.clone(),
            sent_at: cascade_sdk::rfc3339(signal.sent_at),
        });
        factors.push(Factor {
            key: (*kind).to_owned(),
            impact: rounded(impact, 10.0),
            count: of.len(),
            weight: rounded(load, 100.0),
            examples: examples.collect(),
        });
    }
    factors.sort_by(|a, b| a.impact.total_cmp(&b.impact));
    (total.clamp(0.0, 100.0), factors)
}

/// For people: no digits that mean nothing.
pub(crate) fn rounded(value: f64, steps: f64) -> f64 {
    (value * steps).round() / steps
}
