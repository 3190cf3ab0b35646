//! The pure parts of the hot path, counted in instructions: `cargo xtask bench micro`.
//!
//! Each part runs a little and then a lot under callgrind, in a process of its own; the difference, by
//! the difference in rounds, is what one round takes, without the start of the process. Unlike time, it
//! is the same on a busy machine.

use std::{collections::BTreeMap, hint::black_box, process::Command, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use cascade_config::{Config, Retention};
use cascade_model::Event;
use cascade_sse::frame;
use uuid::Uuid;

/// A part, what it is, and one round of it.
type Part = (&'static str, &'static str, fn() -> Box<dyn FnMut()>);

const PARTS: [Part; 2] = [
    ("downstream", "what a success triggers, of 50 jobs with two each", downstream),
    ("frame", "an event to the chunk that all streams are sent", to_frame),
];
const ROUNDS: [u64; 2] = [1_000, 11_000];

fn downstream() -> Box<dyn FnMut()> {
    let name = |nth: usize| format!("job_{nth}");
    let chains: BTreeMap<_, _> =
        (0..50).map(|nth| (name(nth), vec![name(nth + 1), name(nth + 2)])).collect();
    let config = Config {
        path: "jobs.toml".into(),
        chains,
        edges: BTreeMap::new(),
        joins: BTreeMap::new(),
        data_map: BTreeMap::new(),
        jobs: BTreeMap::new(),
        projects: BTreeMap::new(),
        hooks: Default::default(),
        limits: Default::default(),
        retention: Retention::default(),
        http: Default::default(),
        files: Default::default(),
        secrets: Default::default(),
    };
    Box::new(move || drop(black_box(config.downstream(black_box("job_31")).to_vec())))
}

const PAYLOAD: &str = r#"{"job_type":"health_scoring","project_id":"01948f0e-7c1a-7000-8000-000000000000","status":"ok","at":"2026-11-25T04:00:00.000Z"}"#;

fn to_frame() -> Box<dyn FnMut()> {
    let event = Event {
        id: 123_456,
        project_id: Uuid::nil(),
        kind: "job_completed".into(),
        payload: PAYLOAD.into(),
        age: Duration::ZERO,
    };
    Box::new(move || drop(black_box(frame(black_box(event.clone())))))
}

fn main() -> Result<()> {
    let args: Vec<_> = std::env::args().skip(1).collect();
    if let [part, rounds] = &args[..] {
        let part = PARTS.iter().find(|(name, ..)| name == part).context("no such part")?;
        let mut round = part.2();
        (0..rounds.parse::<u64>()?).for_each(|_| round());
        return Ok(());
    }
    println!("| part | instructions |\n|---|---|");
    for (name, what, _) in PARTS {
        let (few, many) = (instructions(name, ROUNDS[0])?, instructions(name, ROUNDS[1])?);
        println!("| {what} | {} |", (many - few) / (ROUNDS[1] - ROUNDS[0]));
    }
    Ok(())
}

/// What callgrind counts for a process that does this.
fn instructions(part: &str, rounds: u64) -> Result<u64> {
    let ran = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args([part, &rounds.to_string()])
        .output()
        .context("valgrind: apt-get install valgrind")?;
    let said = String::from_utf8_lossy(&ran.stderr);
    ensure!(ran.status.success(), "{said}");
    let Some(line) = said.lines().find_map(|line| line.split("Collected : ").nth(1)) else {
        bail!("callgrind told no count:\n{said}");
    };
    line.trim().parse().with_context(|| line.to_owned())
}
