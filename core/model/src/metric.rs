//! Every metric that Cascade measures, in one list: the Prometheus endpoint describes them by it, and the
//! dashboards in `docs/grafana` are made from it.

/// What kind of number a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// Only grows while the process lives.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Seconds, by how often they were at most so many.
    Seconds,
}

/// A metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// As Prometheus calls it.
    pub name: &'static str,
    /// What kind of number.
    pub kind: MetricKind,
    /// One line that says what it counts.
    pub help: &'static str,
    /// What its series are told apart by.
    pub labels: &'static [&'static str],
    /// Whether every process tells the same, as it is of the installation.
    pub is_shared: bool,
}

impl Metric {
    const fn counter(
        name: &'static str,
        labels: &'static [&'static str],
        help: &'static str,
    ) -> Self {
        Self { name, kind: MetricKind::Counter, help, labels, is_shared: false }
    }

    const fn gauge(
        name: &'static str,
        labels: &'static [&'static str],
        help: &'static str,
    ) -> Self {
        Self { name, kind: MetricKind::Gauge, help, labels, is_shared: false }
    }

    const fn seconds(
        name: &'static str,
        labels: &'static [&'static str],
        help: &'static str,
    ) -> Self {
        Self { name, kind: MetricKind::Seconds, help, labels, is_shared: false }
    }

    const fn shared(self) -> Self {
        Self { is_shared: true, ..self }
    }
}

/// The label of a job; at most [`MOST_LABELLED_JOBS`] in a process have a value of their own.
pub const JOB_LABEL: &str = "job_type";
/// Jobs whose series a process keeps apart: each costs up to 10 kB of text at every scrape.
pub const MOST_LABELLED_JOBS: usize = 48;
/// What the others are called together.
pub const OTHER_JOBS: &str = "other";

/// Ends of attempts.
pub const RUNS: Metric = Metric::counter(
    "cascade_runs_total",
    &[JOB_LABEL, "result"],
    "Attempts that have ended, by result: completed, retried, snoozed, failed or cancelled.",
);
/// How long attempts take.
pub const RUN_DURATION: Metric = Metric::seconds(
    "cascade_run_duration_seconds",
    &[JOB_LABEL],
    "How long attempts take, from the start of the body to its end.",
);
/// How long runs wait.
pub const RUN_WAIT: Metric = Metric::seconds(
    "cascade_run_wait_seconds",
    &[JOB_LABEL],
    "How long attempts wait, from when their run was queued until they begin.",
);
/// How long a cascade takes to go on.
pub const HOP: Metric = Metric::seconds(
    "cascade_hop_seconds",
    &[JOB_LABEL],
    "From the end of an upstream run to the start of the run that it triggered.",
);
/// What became of edges.
pub const EDGE_DECISIONS: Metric = Metric::counter(
    "cascade_edge_decisions_total",
    &[JOB_LABEL, "reason"],
    "Edges and joins that were looked at when a run of the job ended, by what became of them: taken, condition_false, no_value, other_end, not_recovered, join_unmet, paused, disabled or not_scheduled.",
);
/// What became of what was sent to hooks.
pub const HOOK_DELIVERIES: Metric = Metric::counter(
    "cascade_hook_deliveries_total",
    &["hook", "outcome"],
    "What was sent to hooks, by what became of it: run, duplicate, ignored, refused, malformed, unsigned, no_secret or limited.",
);
/// How much waits.
pub const QUEUE_DEPTH: Metric = Metric::gauge(
    "cascade_queue_depth",
    &[JOB_LABEL, "state"],
    "Runs that are available, retryable or running, and schedules that are due.",
)
.shared();
/// For how long.
pub const QUEUE_OLDEST: Metric = Metric::gauge(
    "cascade_queue_oldest_seconds",
    &[JOB_LABEL, "state"],
    "For how long the first of them has waited.",
)
.shared();
/// How late browsers hear of an end.
pub const EVENT_LATENCY: Metric = Metric::seconds(
    "cascade_event_latency_seconds",
    &[],
    "From the end of a run to the write to the last of the browsers that keep up.",
);
/// Events by bus.
pub const EVENTS_PUBLISHED: Metric = Metric::counter(
    "cascade_events_published_total",
    &["bus"],
    "Events that were published, by what carried them.",
);
/// Which bus is in use.
pub const BUS_CARRIES: Metric =
    Metric::gauge("cascade_bus_carries", &["bus"], "1 for the bus in use, 0 for the others.");
/// The pools of connections.
pub const POOL_CONNECTIONS: Metric =
    Metric::gauge("cascade_pool_connections", &["pool"], "Open connections to the database.");
/// Those that nobody uses.
pub const POOL_IDLE: Metric =
    Metric::gauge("cascade_pool_idle", &["pool"], "Open connections that nobody uses.");
/// The most there may be.
pub const POOL_MAX: Metric =
    Metric::gauge("cascade_pool_max", &["pool"], "Connections that there may be at most.");
/// What retention removes.
pub const PRUNED_ROWS: Metric =
    Metric::counter("cascade_pruned_rows_total", &["table"], "Rows that retention has removed.");
/// Log lines that were not kept.
pub const LOG_LINES_DROPPED: Metric = Metric::counter(
    "cascade_run_log_lines_dropped_total",
    &[],
    "Lines of runs that were dropped, as they came faster than they are stored.",
);
/// Open event streams. Its name is a contract, although it is no counter.
pub const SSE_CONNECTIONS: Metric =
    Metric::gauge("app_sse_connections_total", &[], "Open event streams.");
/// Projects that they show.
pub const SSE_PROJECTS: Metric =
    Metric::gauge("app_sse_projects_subscribed", &[], "Projects that open event streams show.");

/// All of them, in the order of the documentation.
pub const METRICS: [Metric; 18] = [
    QUEUE_DEPTH,
    QUEUE_OLDEST,
    RUNS,
    RUN_DURATION,
    RUN_WAIT,
    HOP,
    EDGE_DECISIONS,
    HOOK_DELIVERIES,
    EVENT_LATENCY,
    EVENTS_PUBLISHED,
    BUS_CARRIES,
    POOL_CONNECTIONS,
    POOL_IDLE,
    POOL_MAX,
    PRUNED_ROWS,
    LOG_LINES_DROPPED,
    SSE_CONNECTIONS,
    SSE_PROJECTS,
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The rules of `promtool check metrics`, as far as a name, a kind and a help text can break them.
    fn faults(Metric { name, kind, help, labels, .. }: Metric) -> Vec<&'static str> {
        let parts: Vec<_> = name.split('_').collect();
        let has = |words: &[&str]| parts.iter().any(|part| words.contains(part));
        let plain = |text: &str| {
            text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        };
        let abbreviated = ["s", "ms", "us", "ns", "sec", "b", "kb", "mb", "gb", "m", "h", "d"];
        let not_base = ["milliseconds", "microseconds", "minutes", "hours", "days", "kilobytes"];
        let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
        [
            (help.trim().is_empty(), "no help text"),
            (help.contains('\n'), "help of several lines"),
            (!plain(name) || !labels.iter().all(|label| plain(label)), "not in snake case"),
            (kind == MetricKind::Counter && !ends(&["_total"]), "a counter without _total"),
            (kind != MetricKind::Counter && ends(&["_total"]), "no counter, with _total"),
            (kind == MetricKind::Seconds && !ends(&["_seconds"]), "a histogram without its unit"),
            (ends(&["_count", "_sum", "_bucket"]), "the suffix of a histogram"),
            (labels.contains(&"le") || labels.contains(&"quantile"), "a reserved label"),
            (has(&["counter", "gauge", "histogram", "summary"]), "its kind in its name"),
            (has(&abbreviated), "an abbreviated unit"),
            (has(&not_base), "a unit that is no base unit"),
        ]
        .into_iter()
        .filter_map(|(broken, rule)| broken.then_some(rule))
        .collect()
    }

    #[test]
    fn every_metric_keeps_the_rules_except_for_one_whose_name_is_fixed() {
        for metric in METRICS {
            let expected: &[&str] =
                if metric == SSE_CONNECTIONS { &["no counter, with _total"] } else { &[] };
            assert_eq!(faults(metric), expected, "{}", metric.name);
        }
    }

    #[test]
    fn a_rule_that_is_broken_is_found() {
        let broken = Metric::counter("cascade_timeMs_count", &["le"], "");
        assert_eq!(faults(broken).len(), 5, "{:?}", faults(broken));
    }

    #[test]
    fn no_metric_is_there_twice_and_none_is_labelled_by_what_callers_choose() {
        let mut names: Vec<_> = METRICS.iter().map(|metric| metric.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), METRICS.len());
        let known =
            [JOB_LABEL, "result", "reason", "state", "bus", "pool", "table", "hook", "outcome"];
        assert!(METRICS.iter().flat_map(|metric| metric.labels).all(|label| known.contains(label)));
    }
}
