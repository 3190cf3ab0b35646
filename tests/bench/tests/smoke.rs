//! The whole machinery, on a few jobs of Cascade alone: counts are checked, times are not.

use std::{path::Path, time::Duration};

use cascade_bench::{Options, Scenario, run};

const JOBS: u64 = 500;
const RATE: u32 = 50;
const CHAINS: u32 = 2;

#[test]
fn every_job_is_counted_and_every_scenario_is_reported() {
    let data = tempfile::tempdir().expect("folder");
    // PostgreSQL's account has to get through.
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(data.path(), open).expect("permissions");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("root");
    let scenarios = vec![
        Scenario::Throughput,
        Scenario::Latency,
        Scenario::Cascade,
        Scenario::Embedded,
        Scenario::Horizon,
    ];
    let options = Options {
        scenarios,
        peers: vec!["cascade".into()],
        rounds: 1,
        jobs: JOBS,
        processes: vec![1],
        concurrency: vec![10],
        cap: Duration::from_secs(60),
        rate: RATE,
        rate_seconds: 1,
        chains: CHAINS,
        waiting: JOBS,
        finished: JOBS,
        horizon_rate: RATE,
        horizon_seconds: 1,
        scheduled: 10,
        idle_seconds: 1,
        fsync_seconds: 0,
        out: data.path().join("report"),
        data: data.path().to_owned(),
        root,
        host: env!("CARGO_BIN_EXE_cascade-bench-host").into(),
    };
    let report = run(&options).expect("report");
    let text = std::fs::read_to_string(options.out.join("report.md")).expect("report.md");
    println!("{text}");
    for sample in &report.samples.0 {
        assert!(sample.error.is_none() && !sample.capped, "{sample:?}");
        let counted = |figure, wanted: u32| match sample.figures.get(figure) {
            None => 0,
            Some(found) => {
                assert_eq!(*found, f64::from(wanted), "{sample:?}");
                1
            }
        };
        let counted = counted("drained", 500) + counted("jobs", RATE) + counted("hops", 6 * CHAINS);
        assert_eq!(counted, 1, "{sample:?}");
    }
    // In both modes: throughput of schedules, a queue and one with a limit, latency by HTTP and SQL, and chains on
    // PostgreSQL, and two of them on SQLite. In one: work beside an open transaction.
    assert_eq!(report.samples.0.len(), 8 * 2 + 1);
    for section in [
        "## Targets",
        "## Throughput",
        "## Pick-up latency",
        "## Cascade",
        "## Embedded: throughput",
        "## Embedded: pick-up latency",
        "## Horizon",
        "## Machine and versions",
    ] {
        assert!(text.contains(section), "{section} is not in\n{text}");
    }
    let json = std::fs::read_to_string(options.out.join("report.json")).expect("report.json");
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["samples"].as_array().map(Vec::len), Some(17));
}
