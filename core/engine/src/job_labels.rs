//! Which jobs have series of their own: at most 48 in a process, and only as long as jobs.toml or a plugin names
//! them. With thousands of jobs a scrape would bring tens of megabytes.

use std::{
    collections::BTreeSet,
    sync::{LazyLock, PoisonError, RwLock},
};

use cascade_model::metric::{JOB_LABEL, MOST_LABELLED_JOBS, OTHER_JOBS};

/// Metrics are of the process: so is this.
static LABELS: LazyLock<RwLock<BTreeSet<String>>> = LazyLock::new(RwLock::default);

/// The value of the label `job_type` for a job. The first that ask for one have their own.
pub fn job_label(job: &str) -> String {
    if LABELS.read().unwrap_or_else(PoisonError::into_inner).contains(job) {
        return job.to_owned();
    }
    let mut labels = LABELS.write().unwrap_or_else(PoisonError::into_inner);
    if labels.len() >= MOST_LABELLED_JOBS && !labels.contains(job) {
        return OTHER_JOBS.to_owned();
    }
    labels.insert(job.to_owned());
    job.to_owned()
}

/// The jobs that have one.
pub fn labelled_jobs() -> Vec<String> {
    LABELS.read().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
}

/// Takes their labels from jobs that are gone: others may have them.
pub fn keep_labels(is_there: impl Fn(&str) -> bool) {
    let mut labels = LABELS.write().unwrap_or_else(PoisonError::into_inner);
    labels.retain(|job| is_there(job));
}

/// The text of a scrape without the series of jobs that have no label: the exporter forgets no series.
pub fn of_labelled_jobs(text: &str) -> String {
    let labels = LABELS.read().unwrap_or_else(PoisonError::into_inner);
    let stays = |line: &&str| match job_of(line) {
        Some(job) => job == OTHER_JOBS || labels.contains(job),
        None => true,
    };
    let mut kept = String::with_capacity(text.len());
    for line in text.lines().filter(stays) {
        kept.push_str(line);
        kept.push('\n');
    }
    kept
}

/// The job of a line; names of jobs hold nothing that the format escapes.
fn job_of(line: &str) -> Option<&str> {
    let labels = line.split_once('{')?.1;
    let mut parts = labels.split(JOB_LABEL).skip(1);
    parts.find_map(|part| part.strip_prefix("=\"")?.split('"').next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_so_many_jobs_have_series_and_those_of_a_job_vanish_with_it() {
        for at in 0..5000 {
            job_label(&format!("job_{at}"));
        }
        assert_eq!(labelled_jobs().len(), MOST_LABELLED_JOBS);
        assert_eq!((&*job_label("job_3"), &*job_label("job_4999")), ("job_3", OTHER_JOBS));
        let text = "# HELP cascade_x y\n\
            cascade_x{job_type=\"job_3\",state=\"due\"} 1\n\
            cascade_x{state=\"due\",job_type=\"job_5\"} 2\n\
            cascade_x{job_type=\"other\"} 3\ncascade_pool_max{pool=\"job_type\"} 4\n";
        assert_eq!(of_labelled_jobs(text), text);
        keep_labels(|job| job != "job_3");
        let left = of_labelled_jobs(text);
        assert!(
            !left.contains("job_3") && left.contains("job_5") && left.contains("} 4"),
            "{left}"
        );
        assert_eq!(job_label("job_4999"), "job_4999", "its place is free for another");
    }
}
