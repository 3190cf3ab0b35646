//! Workers whose clocks are wrong.

use std::{
    io::{Seek, Write},
    path::{Path, PathBuf},
    process::Command,
};

use cascade_test_servers::Redis;
use serde_json::{Value, json};

use crate::{
    host::{Host, repository_config},
    topology::Topology,
};

/// A library that sets a process' wall clock off by `LD_CLOCK_OFF_BY` seconds, or by the number in the file
/// `LD_CLOCK_OFF_BY_FILE`, which may change at any time. Variables of these names survive the host's own
/// restart with a clean environment.
const WRONG_CLOCK: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

static long off_by(void) {
    static volatile long *shared;
    const char *file = getenv("LD_CLOCK_OFF_BY_FILE"), *fixed = getenv("LD_CLOCK_OFF_BY");
    if (!shared && file) {
        void *mapped = mmap(0, sizeof(long), PROT_READ, MAP_SHARED, open(file, O_RDONLY), 0);
        if (mapped != MAP_FAILED) shared = mapped;
    }
    return shared ? *shared : fixed ? atol(fixed) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int answer = real(clock, now);
    if (clock == CLOCK_REALTIME) now->tv_sec += off_by();
    return answer;
}

/* What SQLite asks. */
int gettimeofday(struct timeval *now, void *zone) {
    struct timespec exact;
    int answer = clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return answer;
}
"#;

/// Builds it.
fn wrong_clock(folder: &Path) -> PathBuf {
    let (source, library) = (folder.join("clock.c"), folder.join("clock.so"));
    std::fs::write(&source, WRONG_CLOCK).unwrap();
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .args([&library, &source])
        .arg("-ldl")
        .status()
        .expect("cc, which Rust needs too");
    assert!(built.success());
    library
}

#[tokio::test]
async fn leases_and_due_times_do_not_depend_on_the_clocks_of_workers() {
    let folder = tempfile::tempdir().unwrap();
    let library = wrong_clock(folder.path());
    let mut topology = Topology::new(Redis::start(), &repository_config());
    topology.add_server();
    for off in ["-3600", "0", "3600"] {
        topology.env = vec![
            ("LD_PRELOAD".into(), library.display().to_string()),
            ("LD_CLOCK_OFF_BY".into(), off.into()),
        ];
        topology.add_worker(&["--lease", "10s", "--concurrency", "2"]);
    }
    let log = topology.workers[2].log();
    let server = &topology.servers[0];
    let runs = server.settled(21).await;
    assert!(runs.iter().all(|run| run["state"] == "completed" && run["attempt"] == 1), "{runs:#?}");
    // The library does what it says: the log of that worker is an hour ahead.
    let now = server.get("/api/jobs/scheduler").await["now"].as_str().unwrap().to_owned();
    let logged = topology.workers[2].log();
    let ahead = logged.lines().next().unwrap_or(&log).chars().take(16).collect::<String>();
    assert!(*ahead > now[..16], "{ahead} is not after {now}");
}

/// SQLite has no clock but that of the process.
#[tokio::test]
async fn a_clock_that_jumps_two_hours_costs_sqlite_neither_a_run_nor_a_schedule() {
    let folder = tempfile::tempdir().unwrap();
    let library = wrong_clock(folder.path());
    let off_by = folder.path().join("off_by");
    // In place: the file is mapped, and must never be shorter.
    let mut file = std::fs::File::create(&off_by).unwrap();
    let mut jump_to = |seconds: i64| {
        file.rewind().unwrap();
        file.write_all(&seconds.to_ne_bytes()).unwrap();
    };
    jump_to(0);
    let config = "[projects]\none = {}\n\
        [jobs.often]\nevery = \"1s\"\n[jobs.often.executable]\ncommand = [\"true\"]\n\
        [jobs.long]\n[jobs.long.executable]\n\
        command = [\"sh\", \"-c\", \"while ! test -e go; do sleep 0.05; done\"]\n";
    let of_host = tempfile::tempdir().unwrap();
    std::fs::write(of_host.path().join("jobs.toml"), config).unwrap();
    let env = [
        ("LD_PRELOAD", library.to_str().unwrap()),
        ("LD_CLOCK_OFF_BY_FILE", off_by.to_str().unwrap()),
    ];
    let host = Host::start_as(&[], of_host, &["--lease", "2s"], &env);
    let project = json!({"project_id": host.project("one").await});
    let (_, asked) = host.post("/api/jobs/long/run", project).await;
    let long = format!("/api/jobs/runs/{}", asked["run_id"].as_str().unwrap());
    host.wait_for(&long, |run| run["state"] == "running").await;
    let ended = "/api/jobs/runs?job_type=often&state=completed&per_page=1";
    let count = |page: &Value| page["total"].as_u64().unwrap();
    let shown = async || host.get("/api/jobs/scheduler").await["now"].as_str().unwrap().to_owned();
    let before = shown().await;
    for seconds in [7200, 0, -7200, 0] {
        jump_to(seconds);
        let so_far = count(&host.get(ended).await);
        host.wait_for(ended, |page| count(page) >= so_far + 3).await;
        if seconds == 7200 {
            assert!(shown().await[..13] > before[..13], "the clock does not jump");
        }
        let run = host.get(&long).await;
        assert_eq!((&run["state"], &run["attempt"]), (&json!("running"), &json!(1)), "{run:#}");
    }
    std::fs::write(host.folder.path().join("go"), "").unwrap();
    host.wait_for(&long, |run| run["state"] == "completed" && run["attempt"] == 1).await;
    assert!(!host.log().contains("lease"), "{}", host.log());
}
