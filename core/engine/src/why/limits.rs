//! Limits that keep runs from beginning.

use cascade_model::{Explanation, explanation};
use chrono::TimeDelta;

use super::{Reason, waits::Around};

/// One for each limit that leaves no room.
pub(super) fn reasons(around: &Around) -> Vec<Reason> {
    let Around { job, project, project_slug, capacity, now, .. } = around;
    let mut found = Vec::new();
    if capacity.job_is_full(job) {
        let told =
            explanation!("job_limit", "as many runs of `{job}` as may are running", job = job);
        let fix = raise("concurrency", format!("jobs.{job}"));
        found.push(Reason::new(told).fix(fix));
    }
    if capacity.full_projects().contains(project) {
        let slug = project_slug.as_deref().unwrap_or("its project");
        let text = format!("as many runs of {slug} as may are running");
        let told = Explanation::new("project_limit", text);
        let told = project_slug.as_ref().map_or(told.clone(), |slug| told.with("project", slug));
        let fix = raise("concurrency", format!("projects.{slug}"));
        found.push(Reason::new(told).fix(fix));
    }
    for limit in capacity.closed_for(job) {
        let name = limit.name();
        if let Some((running, most)) = limit.full() {
            let told = explanation!(
                "shared_limit",
                "limit `{limit}`: {running} of {most} run, of all jobs that share it",
                limit = name,
                running = running,
                most = most
            );
            let fix = raise("concurrency", format!("limits.{name}"));
            found.push(Reason::new(told).fix(fix));
        }
        if let (Some(opens_in), Some(rate)) = (limit.rate_is_used_for(), limit.rate()) {
            let next = *now + TimeDelta::from_std(opens_in).unwrap_or_default();
            let told = explanation!(
                "rate",
                "rate of `{limit}` ({rate}): next at {at}",
                limit = name,
                rate = rate,
                at = next
            );
            let fix = raise("rate", format!("limits.{name}"));
            found.push(Reason::new(told).fix(fix));
        }
    }
    found
}

pub(super) fn raise(key: &str, table: String) -> Explanation {
    explanation!("raise", "raise {key} under [{table}]", key = key, table = table)
}
