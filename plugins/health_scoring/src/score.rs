//! The formula.
//!
//! Each signal kind `k` loads the project by its signals, which fade with time:
//!
//! ```text
//! load_k   = sum over signals of weight * confidence * 2^(-age / half_life)
//! impact_k = max_k * (1 - exp(-load_k / scale_k))
//! score    = clamp(100 - sum of impact_k, 0, 100)
//! ```
//!
//! The exponential saturates: the tenth blocker hurts less than the first, and no kind alone takes
//! more than its `max_k` points. `scale_k` is the load at which a kind has taken 63 % of them. A
//! decision is no burden; it is shown as a factor of impact 0.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// An open signal.
#[derive(Debug, Clone, Deserialize)]
pub struct Signal {
    /// Where it was found.
    pub message_id: String,
    /// Its kind.
    pub kind: String,
    /// The words that show it.
    pub evidence: String,
    /// How much its kind of wording matters, 0..1.
    pub weight: f64,
    /// How sure the rule is, 0..1.
    pub confidence: f64,
    /// When the message was sent.
    pub sent_at: DateTime<Utc>,
}

/// A part of the score's explanation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Factor {
    /// The signal kind.
    pub key: String,
    /// Points that it takes, as a negative number.
    pub impact: f64,
    /// Open signals of this kind.
    pub count: usize,
    /// The faded load.
    pub weight: f64,
    /// The heaviest signals, at most three.
    pub examples: Vec<Example>,
}

/// A signal that a factor rests on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Example {
    /// Where it was found.
    pub message_id: String,
    /// The words that show it.
    pub evidence: String,
    /// When the message was sent.
    pub sent_at: String,
}

/// Most points that a kind takes, and the load at which it has taken 63 % of them.
fn limits(kind: &str) -> (f64, f64) {
    match kind {
        "deadline_risk" => (26.0, 3.0),
        "blocker" => (26.0, 3.0),
        "budget" => (18.0, 3.0),
        "negative_sentiment" => (18.0, 3.0),
        "unanswered_question" => (12.0, 4.0),
        "decision" => (0.0, 1.0),
        // A rule file of one's own may name other kinds.
        _ => (10.0, 3.0),
    }
}

/// The score, and its factors with the heaviest first.
pub fn score(signals: &[Signal], now: DateTime<Utc>, half_life_days: f64) -> (f64, Vec<Factor>) {
    let mut kinds: BTreeMap<&str, Vec<(f64, &Signal)>> = BTreeMap::new();
    for signal in signals {
        let age_days = (now - signal.sent_at).num_seconds().max(0) as f64 / 86_400.0;
        let load = signal.weight * signal.confidence * (-age_days / half_life_days).exp2();
        kinds.entry(&signal.kind).or_default().push((load, signal));
    }
    let mut factors: Vec<Factor> = kinds
        .into_iter()
        .map(|(kind, mut loads)| {
            loads.sort_by(|a, b| b.0.total_cmp(&a.0));
            let load: f64 = loads.iter().map(|(load, _)| load).sum();
            let (most, scale) = limits(kind);
            Factor {
                key: kind.to_owned(),
                impact: most * (-load / scale).exp_m1(),
                count: loads.len(),
                weight: load,
                examples: loads.iter().take(3).map(|(_, signal)| example(signal)).collect(),
            }
        })
        .collect();
    factors.sort_by(|a, b| a.impact.total_cmp(&b.impact));
    let points = 100.0 + factors.iter().map(|factor| factor.impact).sum::<f64>();
    (points.clamp(0.0, 100.0), factors)
}

fn example(signal: &Signal) -> Example {
    Example {
        message_id: signal.message_id.clone(),
        evidence: signal.evidence.clone(),
        sent_at: cascade_sdk::rfc3339(signal.sent_at),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn signal(kind: &str, age_days: i64, now: DateTime<Utc>) -> Signal {
        Signal {
            message_id: "m".into(),
            kind: kind.into(),
            evidence: "e".into(),
            weight: 0.8,
            confidence: 0.9,
            sent_at: now - TimeDelta::days(age_days),
        }
    }

    #[test]
    fn a_project_without_signals_is_healthy() {
        assert_eq!(score(&[], Utc::now(), 10.0), (100.0, vec![]));
    }

    #[test]
    fn one_more_signal_never_raises_the_score() {
        let now = Utc::now();
        let kinds = ["blocker", "budget", "deadline_risk", "decision", "custom"];
        let mut signals = Vec::new();
        let mut last = 100.0;
        for nth in 0..200_u32 {
            let kind = kinds[nth as usize % kinds.len()];
            signals.push(signal(kind, i64::from(nth * 7 % 40), now));
            let (points, _) = score(&signals, now, 10.0);
            assert!(points <= last && points >= 0.0, "{points} after {last}");
            last = points;
        }
    }

    #[test]
    fn a_signal_fades_by_half_in_a_half_life() {
        let now = Utc::now();
        let weight = |age| score(&[signal("blocker", age, now)], now, 10.0).1[0].weight;
        assert!((weight(0) / weight(10) - 2.0).abs() < 1e-9);
    }

    #[test]
    fn the_factors_add_up_to_the_score() {
        let now = Utc::now();
        let signals = [signal("blocker", 1, now), signal("budget", 3, now), signal("blocker", 9, now)];
        let (points, factors) = score(&signals, now, 10.0);
        let sum: f64 = factors.iter().map(|f| f.impact).sum();
        assert!((points - (100.0 + sum)).abs() < 1e-9);
        assert_eq!((factors[0].key.as_str(), factors[0].count), ("blocker", 2));
    }
}
