//! The dashboard is made from the list of metrics, and the page of operations tells of each.

use cascade_model::metric::{JOB_LABEL, METRICS, Metric, MetricKind};
use serde_json::{Value, json};

use super::root;

/// With it set, the dashboard is written and not compared.
const UPDATE: &str = "CASCADE_UPDATE_REFERENCE";
/// Columns and height of a panel; a dashboard has 24 columns.
const PANEL: (usize, usize) = (12, 8);

/// `{a,b}` of PromQL.
fn chosen(metric: &Metric) -> String {
    let of_job = format!("{JOB_LABEL}=~\"$job_type\"");
    if metric.labels.contains(&JOB_LABEL) { format!("{{{of_job}}}") } else { String::new() }
}

fn targets(metric: &Metric) -> Vec<(String, String)> {
    let Metric { name, kind, labels, is_shared, .. } = *metric;
    let chosen = chosen(metric);
    let legend = |labels: &[&str]| {
        let of: Vec<_> = labels.iter().map(|label| format!("{{{{{label}}}}}")).collect();
        of.join(" ")
    };
    match kind {
        MetricKind::Counter => {
            let by = labels.join(", ");
            let rate = format!("sum by ({by}) (rate({name}{chosen}[$__rate_interval]))");
            vec![(rate, legend(labels))]
        }
        MetricKind::Gauge if is_shared => {
            let by = labels.join(", ");
            vec![(format!("max by ({by}) ({name}{chosen})"), legend(labels))]
        }
        MetricKind::Gauge => {
            let labels = [&["instance"], labels].concat();
            let by = labels.join(", ");
            vec![(format!("sum by ({by}) ({name}{chosen})"), legend(&labels))]
        }
        MetricKind::Seconds => [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)]
            .into_iter()
            .map(|(called, share)| {
                let rate = format!("sum by (le) (rate({name}_bucket{chosen}[$__rate_interval]))");
                (format!("histogram_quantile({share}, {rate})"), called.to_owned())
            })
            .collect(),
    }
}

fn panel(at: usize, metric: &Metric) -> Value {
    let source = json!({ "type": "prometheus", "uid": "${source}" });
    let target = |(nth, (expr, legend)): (usize, (String, String))| {
        let id = char::from(b'A' + u8::try_from(nth).unwrap_or_default()).to_string();
        json!({ "refId": id, "datasource": source, "expr": expr, "legendFormat": legend })
    };
    let unit = match metric.kind {
        _ if metric.name.ends_with("_seconds") => "s",
        MetricKind::Counter => "cps",
        _ => "short",
    };
    let (width, height) = PANEL;
    json!({
        "id": at + 1,
        "type": "timeseries",
        "title": metric.name,
        "description": metric.help,
        "datasource": source,
        "gridPos": { "x": at % 2 * width, "y": at / 2 * height, "w": width, "h": height },
        "fieldConfig": { "defaults": { "unit": unit, "min": 0 }, "overrides": [] },
        "options": { "legend": { "displayMode": "list", "placement": "bottom" }, "tooltip": { "mode": "multi" } },
        "targets": targets(metric).into_iter().enumerate().map(target).collect::<Vec<_>>(),
    })
}

fn dashboard() -> Value {
    let panels: Vec<_> = METRICS.iter().enumerate().map(|(at, one)| panel(at, one)).collect();
    let source = json!({ "name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus" });
    let jobs = json!({
        "name": JOB_LABEL,
        "label": "Job",
        "type": "query",
        "datasource": { "type": "prometheus", "uid": "${source}" },
        "query": { "query": format!("label_values(cascade_runs_total, {JOB_LABEL})"), "refId": "jobs" },
        "includeAll": true,
        "multi": true,
        "allValue": ".*",
        "current": { "text": "All", "value": "$__all" },
        "refresh": 2,
        "sort": 1,
    });
    json!({
        "uid": "cascade",
        "title": "Cascade",
        "tags": ["cascade"],
        "schemaVersion": 39,
        "editable": true,
        "refresh": "30s",
        "time": { "from": "now-6h", "to": "now" },
        "templating": { "list": [source, jobs] },
        "panels": panels,
    })
}

#[test]
fn the_dashboard_shows_every_metric_as_it_is_measured() {
    let file = root().join("docs/grafana/cascade.json");
    let made = serde_json::to_string_pretty(&dashboard()).expect("JSON") + "\n";
    if std::env::var_os(UPDATE).is_some() {
        std::fs::create_dir_all(root().join("docs/grafana")).expect("a folder");
        std::fs::write(&file, made).expect("written");
        return;
    }
    let there = std::fs::read_to_string(&file).expect("the dashboard");
    assert_eq!(there, made, "write it by {UPDATE}=1 cargo test -p cascade-docs");
}

#[test]
fn the_page_of_operations_tells_of_every_metric() {
    let page = std::fs::read_to_string(root().join("docs/operations.md")).expect("the page");
    for Metric { name, labels, .. } in METRICS {
        let listed =
            if labels.is_empty() { name.into() } else { format!("{name}{{{}}}", labels.join(",")) };
        assert!(page.contains(&format!("`{listed}`")), "docs/operations.md does not list {listed}");
    }
}
