//! Which of the live workers a job prefers: the one place that says so.

use cascade_config::JobSettings;
use cascade_model::Worker;

/// Of `workers` that take runs, those that may run a job of `plugin`, and how much it prefers each.
pub(crate) fn weighed<'a>(
    workers: &'a [Worker],
    settings: &'a JobSettings,
    plugin: &'a str,
) -> impl Iterator<Item = (&'a Worker, i64)> {
    let able = move |worker: &&Worker| {
        worker.takes_runs()
            && worker.has_plugin(plugin)
            && worker.has_labels(&settings.needs_labels)
    };
    workers.iter().filter(able).map(|worker| (worker, settings.weight(&worker.labels)))
}

/// Whether a worker of this weight leaves runs of a job to one of `weighed`.
pub(crate) fn is_left<'a>(
    weight: i64,
    mut weighed: impl Iterator<Item = (&'a Worker, i64)>,
) -> bool {
    weighed.any(|(_, other)| other > weight)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// One that lives, with labels as words of a text.
    pub fn worker(name: &str, labels: &str) -> Worker {
        Worker {
            name: name.into(),
            labels: labels.split_whitespace().map(String::from).collect(),
            plugins: Some(vec!["mail 1.0.0".into()]),
            seen_s: Some(1),
            ..Worker::default()
        }
    }

    pub fn settings(weights: &[(&str, i32)], needs: &[&str]) -> JobSettings {
        JobSettings {
            prefers_labels: weights.iter().map(|&(label, weight)| (label.into(), weight)).collect(),
            needs_labels: needs.iter().map(|&label| label.into()).collect(),
            ..JobSettings::default()
        }
    }

    #[test]
    fn the_weight_of_a_worker_is_the_sum_of_those_of_its_labels() {
        let settings = settings(&[("gpu", 10), ("eu", 5), ("spot", -20)], &[]);
        let weight = |labels| settings.weight(&worker("w", labels).labels);
        let weights = ["", "other", "eu", "gpu eu", "eu spot"].map(weight);
        assert_eq!(weights, [0, 0, 5, 15, -15]);
    }

    #[test]
    fn runs_are_left_to_live_workers_that_may_run_the_job_and_weigh_more() {
        let settings = settings(&[("gpu", 10), ("spot", -1)], &["eu"]);
        let left = |weight, worker: Worker| is_left(weight, weighed(&[worker], &settings, "mail"));
        let best = || worker("w", "eu gpu");
        assert!(left(0, best()) && left(9, best()));
        assert!(!left(10, best()), "it weighs as much");
        assert!(left(-1, worker("w", "eu")), "it avoids this one");
        assert!(!left(0, worker("w", "gpu")), "it lacks a label that the job needs");
        let other = Some(vec!["mailer 1.0.0".into()]);
        assert!(!left(0, Worker { plugins: other, ..best() }), "it has not the plugin");
        assert!(!left(0, Worker { seen_s: Some(45), ..best() }), "it does not respond");
        let draining = Worker { drain_at: Some(chrono::Utc::now()), ..best() };
        assert!(!left(0, draining));
    }
}
