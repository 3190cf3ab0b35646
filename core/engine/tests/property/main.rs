//! Random sequences of what workers and people do, against a simple model, on each database.
//!
//! 300 sequences, the same each time. `PROPTEST_CASES=10000 cargo test -p cascade-engine --test property`
//! runs so many others, and prints a seed that `PROPTEST_RNG_SEED` runs again. Of a sequence that
//! fails, the shortest that still does is printed.

// All of it is tests; clippy only knows those that carry the attribute.
#![allow(clippy::unwrap_used)]

#[path = "../contract/chain.rs"]
mod chain;
#[path = "../contract/databases.rs"]
mod databases;
mod model;
mod observed;
mod rehearsal;
mod replay;
mod together;
mod verb;

use cascade_engine::Engine;
use proptest::{
    collection::vec,
    strategy::Strategy,
    test_runner::{Config, RngSeed, TestRunner},
};
use tokio::runtime::Builder;

use databases::Database;
use verb::Verb;

/// The longest sequence.
const VERBS: usize = 30;

/// `cases` unless the environment says how many.
fn settings(cases: u32) -> Config {
    let mut settings = Config { failure_persistence: None, ..Config::default() };
    let many = std::env::var_os("PROPTEST_CASES").is_some();
    if !many {
        settings.cases = cases;
    }
    if settings.rng_seed == RngSeed::Random {
        let by_chance = uuid::Uuid::new_v4().as_u64_pair().0;
        settings.rng_seed = RngSeed::Fixed(if many { by_chance } else { 17 });
    }
    println!("{} sequences, {:?}", settings.cases, settings.rng_seed);
    settings
}

fn check<T: std::fmt::Debug>(
    open: impl AsyncFnOnce() -> Database,
    cases: u32,
    what: impl Strategy<Value = T>,
    replay: impl AsyncFn(&Engine, &T),
) {
    // As many threads as a host has: statements overlap.
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let database = runtime.block_on(open());
    let replayed = TestRunner::new(settings(cases)).run(&what, |value| {
        runtime.block_on(replay(&database.engine, &value));
        Ok(())
    });
    if let Err(failed) = replayed {
        panic!("{failed}");
    }
    runtime.block_on(async { drop(database) });
}

fn one() -> impl Strategy<Value = Vec<Verb>> {
    vec(verb::any(), 1..VERBS)
}

/// Four at a time.
fn four() -> impl Strategy<Value = Vec<Vec<Verb>>> {
    vec(vec(verb::any(), VERBS), 4)
}

#[test]
fn sqlite_does_as_the_model() {
    check(databases::sqlite, 300, one(), async |engine, verbs| replay::replay(engine, verbs).await);
}

#[test]
fn postgres_does_as_the_model() {
    check(databases::postgres, 300, one(), async |engine, verbs| {
        replay::replay(engine, verbs).await
    });
}

#[test]
fn sqlite_loses_nothing_where_many_work() {
    check(databases::sqlite, 20, four(), async |engine, all| together::together(engine, all).await);
}

#[test]
fn postgres_loses_nothing_where_many_work() {
    check(databases::postgres, 20, four(), async |engine, all| {
        together::together(engine, all).await
    });
}

#[test]
fn a_rehearsal_of_the_file_in_force_makes_the_history_again() {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    // Each takes a while: the shortest that fails is not looked for to the end.
    let settings = Config { max_shrink_iters: 20, ..settings(32) };
    let replayed = TestRunner::new(settings).run(&rehearsal::any(), |case| {
        runtime.block_on(async {
            let database = databases::sqlite().await;
            rehearsal::reproduce(&database.engine, &case).await;
        });
        Ok(())
    });
    if let Err(failed) = replayed {
        panic!("{failed}");
    }
}
