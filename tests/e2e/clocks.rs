//! Workers whose clocks are wrong.

use std::process::Command;

use cascade_test_servers::Redis;

use crate::{host::repository_config, topology::Topology};

/// A library that sets a process' wall clock off by `CLOCK_OFF_BY` seconds.
const WRONG_CLOCK: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int answer = real(clock, now);
    const char *off = getenv("CLOCK_OFF_BY");
    if (clock == CLOCK_REALTIME && off) now->tv_sec += atol(off);
    return answer;
}
"#;

#[tokio::test]
async fn leases_and_due_times_do_not_depend_on_the_clocks_of_workers() {
    let folder = tempfile::tempdir().unwrap();
    let (source, library) = (folder.path().join("clock.c"), folder.path().join("clock.so"));
    std::fs::write(&source, WRONG_CLOCK).unwrap();
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .args([&library, &source])
        .arg("-ldl")
        .status()
        .expect("cc, which Rust needs too");
    assert!(built.success());

    let mut topology = Topology::new(Redis::start(), &repository_config());
    topology.add_server();
    for off in ["-3600", "0", "3600"] {
        topology.env = vec![
            ("LD_PRELOAD".into(), library.display().to_string()),
            ("CLOCK_OFF_BY".into(), off.into()),
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
