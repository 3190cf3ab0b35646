//! The short version of `cargo xtask chaos`.

use cascade_chaos::Settings;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_every_part_fails_under_load() {
    let seed = match std::env::var("CASCADE_CHAOS_SEED") {
        Ok(seed) => seed.parse().expect("CASCADE_CHAOS_SEED is a number"),
        Err(_) => fastrand::u64(..),
    };
    println!("seed {seed}: the same again with CASCADE_CHAOS_SEED={seed}");
    let host = env!("CARGO_BIN_EXE_cascade-chaos-host").into();
    let settings = Settings {
        host,
        older: None,
        seed,
        worker_kills: 12,
        other_faults: 1,
        clients: 30,
        projects: 10,
    };
    let report = cascade_chaos::run(&settings).await;
    println!("{report}");
    assert!(report.is_clean(), "{report}");
}
