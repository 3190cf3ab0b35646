//! Scores each project from its open signals, 0 (in trouble) to 100 (healthy).
//!
//! A project of which no message was read yet has no score. A signal fades with its age, each kind of trouble can cost a bounded number of points, and the
//! parts are stored beside the score. The exact formula is in [`formula`].

pub mod formula;

use std::collections::BTreeMap;

use cascade_sdk::{Context, JobError, NoArgs, Outcome, TypedJob, chrono::Duration, rfc3339, sql};
use serde::{Deserialize, Serialize};

use crate::formula::{Signal, Weighting, rounded, score};

cascade_sdk::submit_migrations!("0001_init.sql");
cascade_sdk::submit_job!(HealthScoring);

/// After so many half-lives a signal has less than half a percent of its weight, and is left out.
const HORIZON_HALF_LIVES: f64 = 8.0;

/// Settings of `health_scoring`.
///
/// score = clamp(100 − Σ max·(1 − e^(−load/scale)) + decisions, 0, 100), where the load of a kind
/// is Σ weight·confidence·2^(−age/half_life) over its open signals.
#[derive(Debug, Clone, PartialEq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Days after which a signal counts half.
    #[schemars(range(min = 0.5, max = 3650))]
    pub half_life_days: f64,
    /// Dates in danger.
    pub deadline_risk: Weighting,
    /// People who cannot go on.
    pub blocker: Weighting,
    /// Money.
    pub budget: Weighting,
    /// Unhappy people.
    pub negative_sentiment: Weighting,
    /// Questions without an answer.
    pub unanswered_question: Weighting,
    /// Decisions: they give points back.
    pub decision: Weighting,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            half_life_days: 14.0,
            deadline_risk: Weighting { max: 24.0, scale: 2.0 },
            blocker: Weighting { max: 24.0, scale: 2.0 },
            budget: Weighting { max: 18.0, scale: 2.0 },
            negative_sentiment: Weighting { max: 18.0, scale: 2.0 },
            unanswered_question: Weighting { max: 12.0, scale: 2.0 },
            decision: Weighting { max: 6.0, scale: 2.0 },
        }
    }
}

impl Params {
    fn kinds(&self) -> [(&'static str, Weighting); 6] {
        [
            ("deadline_risk", self.deadline_risk),
            ("blocker", self.blocker),
            ("budget", self.budget),
            ("negative_sentiment", self.negative_sentiment),
            ("unanswered_question", self.unanswered_question),
            (GIVES_BACK, self.decision),
        ]
    }
}

const GIVES_BACK: &str = "decision";

const NOTHING: &str = "nothing to score: no message was read yet";

#[derive(Deserialize)]
struct Count {
    n: i64,
}

/// Whether signals were looked for in any message of the project, found or not.
async fn was_read(ctx: &Context, project: &str) -> Result<bool, JobError> {
    let query = sql("SELECT count(*) AS n FROM \
         (SELECT 1 AS one FROM signals_processed WHERE project_id = $1 LIMIT 1) AS some_read");
    let read: Count = ctx.db().fetch_one(query.bind(project)).await?;
    Ok(read.n > 0)
}

/// What one run found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Output {
    /// From 0 to 100; none while no message was read.
    pub score: Option<f64>,
    /// The score before.
    pub previous: Option<f64>,
    /// Signals that it is made of.
    pub open_signals: u64,
    /// Points that each kind of signal costs, less than 0, or gives back.
    pub factors: BTreeMap<String, f64>,
}

#[derive(Deserialize)]
struct Previous {
    score: f64,
}

async fn previous(ctx: &Context, project: &str) -> Result<Option<f64>, JobError> {
    let query = sql("SELECT score FROM health_scores WHERE project_id = $1 AND run_id <> $2 \
         ORDER BY scored_at DESC, run_id DESC LIMIT 1");
    let query = query.bind(project).bind(ctx.run_id().to_string());
    let found: Option<Previous> = ctx.db().fetch_optional(query).await?;
    Ok(found.map(|previous| previous.score))
}

/// The job.
pub struct HealthScoring;

impl TypedJob for HealthScoring {
    const NAME: &'static str = "health_scoring";
    const DESCRIPTION: &'static str = "Scores the project from 0 to 100 and keeps the reasons.";
    type Params = Params;
    type Args = NoArgs;
    type Output = Output;

    async fn run(ctx: Context, params: Params, _: NoArgs) -> Result<Outcome<Output>, JobError> {
        let project = ctx.project_id().to_string();
        let now = ctx.now();
        let horizon =
            Duration::minutes((params.half_life_days * HORIZON_HALF_LIVES * 1440.0) as i64);
        let query =
            sql("SELECT kind, message_id, evidence, weight, confidence, sent_at FROM signals \
             WHERE project_id = $1 AND resolved_at IS NULL AND sent_at >= $2 ORDER BY sent_at, id");
        let signals: Vec<Signal> =
            ctx.db().fetch_all(query.bind(&project).bind(rfc3339(now - horizon))).await?;
        // A score is a judgement: without a message that was read there is nothing to judge.
        if signals.is_empty() && !was_read(&ctx, &project).await? {
            ctx.progress(1.0, NOTHING);
            return Ok(Outcome::output(Output::default()).with_summary(NOTHING));
        }
        ctx.progress(0.5, format!("{} open signals", signals.len()));
        ctx.checkpoint()?;
        let (score, factors) =
            score(&signals, &params.kinds(), GIVES_BACK, params.half_life_days, now);
        let score = rounded(score, 10.0);
        // One row that belongs to this run: staged, so that it is there if and only if the run is done.
        ctx.transaction().execute(
            sql("INSERT INTO health_scores (project_id, run_id, score, factors, scored_at) \
                 VALUES ($1, $2, $3, $4, $5) ON CONFLICT (project_id, run_id) DO UPDATE SET \
                 score = excluded.score, factors = excluded.factors, \
                 scored_at = excluded.scored_at")
            .bind(&project)
            .bind(ctx.run_id().to_string())
            .bind(score)
            .bind(serde_json::to_string(&factors)?)
            .bind(rfc3339(now)),
        )?;
        let output = Output {
            score: Some(score),
            previous: previous(&ctx, &project).await?,
            open_signals: signals.len() as u64,
            factors: factors.iter().map(|factor| (factor.key.clone(), factor.impact)).collect(),
        };
        let impacts: serde_json::Map<String, serde_json::Value> =
            factors.iter().map(|f| (f.key.clone(), f.impact.into())).collect();
        ctx.log().with(impacts.into()).info(format!("score {score:.1}"));
        ctx.progress(1.0, "scored");
        let summary = format!("score {score:.1} from {} open signals", signals.len());
        Ok(Outcome::output(output).with_summary(summary))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cascade_sdk::chrono::{DateTime, Utc};

    const NOW: &str = "2026-11-20T12:00:00Z";

    fn now() -> DateTime<Utc> {
        NOW.parse().unwrap()
    }

    fn signal(kind: &str, weight: f64, days_ago: i64) -> Signal {
        Signal {
            kind: kind.into(),
            message_id: format!("m{days_ago}"),
            evidence: "…".into(),
            weight,
            confidence: 1.0,
            sent_at: now() - Duration::days(days_ago),
        }
    }

    fn score_of(signals: &[Signal]) -> f64 {
        let params = Params::default();
        score(signals, &params.kinds(), GIVES_BACK, params.half_life_days, now()).0
    }

    /// A small generator: the property needs many cases, not a good one.
    struct Dice(u64);

    impl Dice {
        fn below(&mut self, n: u64) -> u64 {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % n
        }

        fn signal(&mut self, kinds: &[&str]) -> Signal {
            let kind = kinds[self.below(kinds.len() as u64) as usize];
            signal(kind, self.below(101) as f64 / 100.0, self.below(100) as i64 - 5)
        }
    }

    const TROUBLE: [&str; 5] =
        ["deadline_risk", "blocker", "budget", "negative_sentiment", "unanswered_question"];

    #[test]
    fn one_more_problem_never_raises_the_score_and_it_stays_in_range() {
        let mut dice = Dice(7);
        for case in 0..500 {
            let mut kinds = TROUBLE.to_vec();
            kinds.push("decision");
            let count = dice.below(60);
            let mut signals: Vec<Signal> = (0..count).map(|_| dice.signal(&kinds)).collect();
            let before = score_of(&signals);
            signals.push(dice.signal(&TROUBLE));
            let after = score_of(&signals);
            assert!(after <= before, "case {case}: {before} -> {after}");
            assert!((0.0..=100.0).contains(&after), "case {case}: {after}");
        }
    }

    #[test]
    fn nothing_wrong_is_a_hundred_and_decisions_do_not_go_beyond() {
        assert_eq!(score_of(&[]), 100.0);
        assert_eq!(score_of(&[signal("decision", 1.0, 0)]), 100.0);
    }

    #[test]
    fn a_signal_weighs_half_after_its_half_life() {
        let (fresh, old) = (signal("blocker", 0.8, 0), signal("blocker", 0.8, 14));
        assert!((fresh.load(now(), 14.0) / old.load(now(), 14.0) - 2.0).abs() < 1e-9);
    }

    #[test]
    fn a_kind_costs_its_maximum_at_most() {
        let many: Vec<Signal> = (0..1000).map(|_| signal("blocker", 1.0, 0)).collect();
        assert!((score_of(&many) - (100.0 - Params::default().blocker.max)).abs() < 0.01);
    }

    #[test]
    fn decisions_give_something_back() {
        let trouble = vec![signal("blocker", 1.0, 0), signal("budget", 1.0, 0)];
        let mut decided = trouble.clone();
        decided.push(signal("decision", 1.0, 0));
        assert!(score_of(&decided) > score_of(&trouble));
    }

    #[test]
    fn the_factors_add_up_to_the_score_and_the_costliest_comes_first() {
        let signals =
            [signal("budget", 0.2, 1), signal("blocker", 1.0, 1), signal("blocker", 0.5, 0)];
        let kinds = Params::default().kinds();
        let (score, factors) = score(&signals, &kinds, GIVES_BACK, 14.0, now());
        let sum: f64 = factors.iter().map(|factor| factor.impact).sum();
        assert!((100.0 + sum - score).abs() < 0.11, "{sum} {score}");
        assert_eq!((factors[0].key.as_str(), factors[0].count), ("blocker", 2));
        assert_eq!(factors[0].examples[0].message_id, "m1", "the heaviest is quoted first");
    }
}
