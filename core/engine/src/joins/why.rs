//! Why a join has not made its job run.

use cascade_config::ConfigState;
use cascade_model::{By, Explanation, JoinRow, JoinRule};
use cascade_store::{Queries, Result};
use uuid::Uuid;

use super::state::{Waited, missing, waited};
use crate::{Engine, Reason};

impl Engine {
    /// Why the join of `job` has not triggered it in the latest cascade that leads to it; `None` if it has, or there
    /// is none.
    pub(crate) async fn why_join(
        &self,
        config: &ConfigState,
        job: &str,
        project: Uuid,
    ) -> Result<Option<Reason>> {
        let Some(join) = config.config.joins.get(job) else { return Ok(None) };
        let row = self.store.latest_join(job, project).await?;
        Ok(why(&join.rule, row.as_ref()))
    }
}

fn why(rule: &JoinRule, row: Option<&JoinRow>) -> Option<Reason> {
    let names = |jobs: &[String]| format!("`{}`", jobs.join("`, `"));
    let waits = |jobs: &[String], more: &str| {
        let text = format!("its join waits for {}{more}", names(jobs));
        Explanation::new("join_waits", text).with("jobs", &jobs.join(", "))
    };
    let Some(row) = row else {
        if rule.by == By::Latest {
            let more = "none of which has succeeded here";
            let told = waits(&rule.all_of, &format!(", {more}"));
            return Some(Reason::new(told.of(Explanation::new("none_has_succeeded", more))));
        }
        let roots: Vec<_> = rule.roots.iter().cloned().collect();
        let more = "nothing that leads to all of them has ended here";
        let told = waits(&rule.all_of, &format!(", and {more}"));
        let reason = Reason::new(told.of(Explanation::new("nothing_has_led", more)));
        return Some(match roots.is_empty() {
            true => reason.fix(Explanation::new(
                "join_by_latest",
                "write by = \"latest\", or draw edges from one job to all of them",
            )),
            false => {
                let text = format!("run one of {}", names(&roots));
                reason.fix(Explanation::new("run_one_of", text).with("jobs", &roots.join(", ")))
            }
        });
    };
    let state = &row.state;
    match &state.outcome {
        Some(outcome) if outcome.fired && rule.by == By::Trace => None,
        Some(outcome) if !outcome.fired => {
            let why = outcome.reason.clone().unwrap_or_else(|| {
                Explanation::new("not_all_succeeded", "not all of them have succeeded")
            });
            let text = format!("its join did not make it run: {why}");
            let reason = Reason::new(Explanation::new("join_unmet", text).of(why));
            let failed =
                rule.all_of.iter().find(|named| waited(state, rule, named) == Waited::Failed);
            // A join fires once a trace: another takes another run of what leads to all of them.
            let jobs = match rule.roots.first() {
                Some(root) if rule.by == By::Trace => std::slice::from_ref(root),
                _ => &rule.all_of,
            };
            let text =
                format!("change the join under [CASCADE_JOINS], or run {} again", names(jobs));
            let again = Explanation::new("change_join", text).with("jobs", &jobs.join(", "));
            let run =
                failed.and_then(|named| state.parts.get(named)?.run).filter(|_| !outcome.late);
            Some(match run {
                Some(run) => reason.about(run).fix(format!("cascade retry {run}")),
                None => reason.fix(again),
            })
        }
        _ => {
            let missing = missing(state, rule);
            // All have succeeded: what it waits for leads to one of them.
            let open = || state.parts.iter().filter(|(_, part)| part.open > 0);
            let open = || open().map(|(job, _)| job.clone()).collect::<Vec<_>>();
            let missing = if missing.is_empty() { open() } else { missing };
            Some(Reason::new(waits(&missing, "")))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use cascade_model::{JoinKey, JoinOutcome, JoinPart, JoinState};

    use super::*;

    fn rule() -> JoinRule {
        let roots = BTreeSet::from(["root".to_owned()]);
        JoinRule {
            job: "report".into(),
            all_of: vec!["a".into(), "b".into()],
            roots,
            ..JoinRule::default()
        }
    }

    fn row(failed: u32, outcome: Option<(bool, bool, &str)>) -> JoinRow {
        let trace_id = Uuid::from_u128(7);
        let run = Some(trace_id);
        let part = |failed| JoinPart { ok: 1 - failed, failed, run, ..JoinPart::default() };
        let parts = BTreeMap::from([("a".to_owned(), part(0)), ("b".to_owned(), part(failed))]);
        let outcome = outcome.map(|(fired, late, reason)| JoinOutcome {
            at: Default::default(),
            fired,
            late,
            cancelled: false,
            reason: Some(reason.to_owned().into()),
        });
        let key = JoinKey { trace_id, project_id: Uuid::nil(), job: "report".into() };
        JoinRow { key, state: JoinState { parts, began: None, outcome }, due_at: None }
    }

    #[test]
    fn what_keeps_a_join_from_its_job_is_told_with_what_helps() {
        let told = |row: Option<&JoinRow>| {
            let reason = why(&rule(), row).unwrap();
            (reason.told.text, reason.fix.unwrap_or_default().text)
        };
        let (text, fix) = told(None);
        assert!(text.contains("waits for `a`, `b`, and nothing that leads to all"), "{text}");
        assert_eq!(fix, "run one of `root`");
        let unmet = row(1, Some((false, false, "`b` did not succeed")));
        let (text, fix) = told(Some(&unmet));
        assert_eq!(text, "its join did not make it run: `b` did not succeed");
        assert_eq!(fix, format!("cascade retry {}", Uuid::from_u128(7)));
        let late = row(1, Some((false, true, "no success of `b` within 1h")));
        assert!(told(Some(&late)).1.contains("[CASCADE_JOINS]"), "a retry does not help");
        assert_eq!(why(&rule(), Some(&row(0, Some((true, false, ""))))), None);
        assert_eq!(told(Some(&row(1, None))).0, "its join waits for `b`");
    }
}
