//! Workers that a job prefers, to which the others leave its runs for a while.

use std::time::Duration;

use cascade_config::JobSettings;
use cascade_model::{Worker, explanation};
use chrono::{DateTime, Utc};

use super::Reason;
use crate::preference::weighed;

/// The most that are named.
const NAMED: usize = 3;

/// To whom runs of a job are left.
pub(super) struct Preferred {
    /// Some of the live workers that it prefers most.
    pub names: Vec<String>,
    /// How long after the time at which a run could begin.
    pub lasts: Duration,
}

/// `None` where every live worker that may run the job takes its runs at once.
pub(super) fn of(workers: &[Worker], settings: &JobSettings, plugin: &str) -> Option<Preferred> {
    let weighed: Vec<_> = weighed(workers, settings, plugin).collect();
    let most = weighed.iter().map(|(_, weight)| *weight).max()?;
    if weighed.iter().all(|(_, weight)| *weight == most) {
        return None;
    }
    let best = weighed.into_iter().filter(|(_, weight)| *weight == most);
    let names = best.map(|(worker, _)| worker.name.clone()).take(NAMED).collect();
    Some(Preferred { names, lasts: settings.prefers_for })
}

impl Preferred {
    /// That a run is left to these workers; `None` if it could begin for so long that others take it too.
    pub fn reason(&self, available_at: DateTime<Utc>, now: DateTime<Utc>) -> Option<Reason> {
        let at = available_at + self.lasts;
        if at <= now {
            return None;
        }
        let workers = self.names.join(", ");
        let told = explanation!(
            "preferred_workers",
            "until {at} it is left to the workers that its job prefers, such as {workers}",
            at = at,
            workers = workers
        );
        Some(Reason::new(told))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        preference::tests::{settings, worker},
        why::tests::now,
    };

    #[test]
    fn a_run_is_left_while_workers_differ_and_it_has_not_waited_for_long() {
        let settings = settings(&[("gpu", 10)], &[]);
        let of = |workers: &[Worker]| of(workers, &settings, "mail");
        assert!(of(&[]).is_none() && of(&[worker("a", "gpu"), worker("b", "gpu")]).is_none());
        let preferred = of(&[worker("a", ""), worker("b", "gpu eu")]).unwrap();
        let reason = preferred.reason(now(), now()).unwrap();
        let at = now() + settings.prefers_for;
        let text = format!("until {at} it is left to the workers that its job prefers, such as b");
        assert_eq!(reason.told.text, text);
        assert!(preferred.reason(now(), at).is_none(), "others take it too");
    }
}
