use anyhow::Context as _;
use cascade_model::metric::{METRICS, Metric, MetricKind};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// Upper bounds in seconds, from a hop of a cascade to a long run.
const SECONDS: [f64; 16] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0,
    1800.0,
];

/// Collects this process' metrics from now on; every `..._seconds` is a histogram.
pub(super) fn install() -> anyhow::Result<PrometheusHandle> {
    let handle = builder().and_then(PrometheusBuilder::install_recorder).context("metrics")?;
    METRICS.into_iter().for_each(describe);
    Ok(handle)
}

fn builder() -> Result<PrometheusBuilder, BuildError> {
    PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)
}

/// What each is, for the line HELP.
fn describe(Metric { name, kind, help, .. }: Metric) {
    match kind {
        MetricKind::Counter => metrics::describe_counter!(name, help),
        MetricKind::Gauge => metrics::describe_gauge!(name, help),
        MetricKind::Seconds => metrics::describe_histogram!(name, help),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        process::{Command, Stdio},
    };

    use cascade_engine::{job_label, keep_labels, of_labelled_jobs};
    use cascade_model::metric::{JOB_LABEL, SSE_CONNECTIONS};

    use super::*;

    /// Every series that jobs have, as a process measures them.
    fn measure(jobs: &[String]) {
        METRICS.into_iter().for_each(describe);
        let values = |label: &str| -> &[&str] {
            match label {
                "result" => &["completed", "retried", "snoozed", "failed", "cancelled"],
                "state" => &["due", "available", "running", "retryable"],
                "reason" => &[
                    "taken",
                    "condition_false",
                    "no_value",
                    "other_end",
                    "not_recovered",
                    "join_unmet",
                    "paused",
                    "disabled",
                    "not_scheduled",
                ],
                "" => &[""],
                _ => &["one", "two"],
            }
        };
        for Metric { name, kind, labels, .. } in METRICS {
            let of_jobs = labels.contains(&JOB_LABEL);
            let other = labels.iter().find(|label| **label != JOB_LABEL).copied().unwrap_or("");
            for job in if of_jobs { jobs } else { &jobs[..1] } {
                for value in values(other) {
                    let mut set = Vec::new();
                    if of_jobs {
                        set.push((JOB_LABEL, job_label(job)));
                    }
                    if !other.is_empty() {
                        set.push((other, (*value).to_owned()));
                    }
                    match kind {
                        MetricKind::Counter => metrics::counter!(name, &set).increment(1),
                        MetricKind::Gauge => metrics::gauge!(name, &set).set(123_456.789),
                        MetricKind::Seconds => metrics::histogram!(name, &set).record(1.5),
                    }
                }
            }
        }
    }

    /// What `promtool check metrics` says, where it is installed.
    fn promtool(text: &str) -> Option<String> {
        let mut command = Command::new("promtool");
        command.args(["check", "metrics"]).stdin(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().ok()?;
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        Some(String::from_utf8_lossy(&child.wait_with_output().unwrap().stderr).into_owned())
    }

    #[test]
    fn a_scrape_stays_small_with_thousands_of_jobs_whose_series_vanish_with_them() {
        // As long as names may be.
        let jobs: Vec<_> = (0..5000).map(|job| format!("{:a<60}{job:04}", "job_")).collect();
        let recorder = builder().unwrap().build_recorder();
        metrics::with_local_recorder(&recorder, || measure(&jobs));
        let text = of_labelled_jobs(&recorder.handle().render());
        assert!(text.len() < 500_000, "{} bytes", text.len());
        assert!(text.contains(&jobs[0]) && text.contains("job_type=\"other\""));
        for Metric { name, help, .. } in METRICS {
            assert!(text.contains(&format!("# HELP {name} {help}\n")), "{name}");
        }
        if let Some(said) = promtool(&text) {
            let others: Vec<_> =
                said.lines().filter(|line| !line.contains(SSE_CONNECTIONS.name)).collect();
            assert!(others.iter().all(|line| line.trim().is_empty()), "{said}");
        }
        keep_labels(|job| job != jobs[0]);
        let left = of_labelled_jobs(&recorder.handle().render());
        assert!(!left.contains(&jobs[0]) && left.contains(&jobs[1]));
    }
}
