//! Ends that are hard to store, attempts that do not stop, and what floods of lines leave.

use std::sync::atomic::AtomicBool;

use super::*;
use cascade_model::border;

async fn until(mut there: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !there().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait).await.expect("it never came");
}

pub(super) async fn on_postgres(
    toml: &str,
    jobs: Vec<Arc<dyn DynJob>>,
) -> (Postgres, Bench<PostgresStore>) {
    let server = Postgres::start();
    let store = PostgresStore::connect(&server.database(), 4).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let times = (Duration::from_secs(1), GRACE);
    (server, Bench::start_on(store, folder, toml, jobs, times).await)
}

async fn sql_of(bench: &Bench<PostgresStore>, text: &'static str) {
    sqlx::raw_sql(text).execute(bench.store.pool()).await.unwrap();
}

/// Nothing can be stored for a while; the lease is renewed meanwhile, and the first attempt counts.
#[tokio::test]
async fn ends_that_could_not_be_stored_are_tried_again() {
    static BODIES: AtomicUsize = AtomicUsize::new(0);
    let good: Work = |_| {
        Box::pin(async {
            BODIES.fetch_add(1, Ordering::SeqCst);
            Outcome::summary("good").erased()
        })
    };
    let bad: Work = |_| {
        Box::pin(async {
            BODIES.fetch_add(1, Ordering::SeqCst);
            Err(JobError::fail("bad"))
        })
    };
    let jobs = vec![job("good", 1, good), job("bad", 2, bad), job("parent", 3, good)];
    let toml = "[CASCADE_CHAINS]\nparent = [\"child\"]\n[jobs.good]\n[jobs.bad]\n[jobs.parent]\n[jobs.child]\n";
    let child: Work = |_| Box::pin(async { Outcome::done().erased() });
    let jobs = [jobs, vec![job("child", 4, child)]].concat();
    let (_server, bench) = on_postgres(toml, jobs).await;
    sql_of(&bench, "ALTER TABLE ended_runs RENAME TO gone").await;
    for job in ["good", "bad", "parent"] {
        bench.ask(job).await;
    }
    until(async || BODIES.load(Ordering::SeqCst) == 3).await;
    // A lease that is prolonged twice after that was prolonged beside ends that are not stored.
    let leases = async || -> Vec<chrono::DateTime<chrono::Utc>> {
        let query = "SELECT lease_until FROM open_runs WHERE state = 'running' ORDER BY id";
        sqlx::query_scalar(query).fetch_all(bench.store.pool()).await.unwrap()
    };
    for _ in 0..2 {
        let before = leases().await;
        assert_eq!(before.len(), 3);
        until(async || leases().await.iter().zip(&before).all(|(now, before)| now > before)).await;
    }
    sql_of(&bench, "ALTER TABLE gone RENAME TO ended_runs").await;
    assert_eq!(bench.run("good", RunState::Completed).await.attempt, 1);
    assert_eq!(bench.run("parent", RunState::Completed).await.attempt, 1);
    assert_eq!(bench.run("bad", RunState::Failed).await.attempt, 1);
    bench.run("child", RunState::Completed).await;
    assert_eq!(BODIES.load(Ordering::SeqCst), 3);
}

/// The database will never take this end: the run comes back although its worker lives and is busy.
#[tokio::test]
async fn an_end_that_the_database_refuses_brings_the_run_back() {
    let work: Work = |ctx| {
        Box::pin(async move { Outcome::summary(format!("attempt {}", ctx.attempt())).erased() })
    };
    let (_server, bench) = on_postgres("[jobs.work]\n", vec![job("work", 1, work)]).await;
    sql_of(&bench, "ALTER TABLE ended_runs ADD CHECK (summary <> 'attempt 1')").await;
    bench.ask("work").await;
    let run = bench.run("work", RunState::Completed).await;
    assert_eq!((run.attempt, run.summary.as_deref()), (2, Some("attempt 2")));
    let log = bench.log(&run).await;
    assert!(log[0].contains("lost track of it"), "{log:?}");
}

/// A plugin that does not stop is abandoned, and nothing that it still does reaches anything.
#[tokio::test]
async fn an_abandoned_attempt_is_refused_the_database_and_the_network() {
    static GO_ON: AtomicBool = AtomicBool::new(false);
    static REFUSED: std::sync::Mutex<Vec<String>> = std::sync::Mutex::new(Vec::new());
    let stubborn: Work = |ctx| {
        Box::pin(async move {
            if ctx.attempt() > 1 {
                return Outcome::done().erased();
            }
            ctx.db().execute(sql("CREATE TABLE note (text text)")).await?;
            let insert = || sql("INSERT INTO note VALUES ('late')");
            while !GO_ON.load(Ordering::SeqCst) {
                ctx.sleep(Duration::from_millis(5)).await.ok();
            }
            let open = ctx.host().database().begin().await;
            let mut refused = vec![
                ctx.db().execute(insert()).await.map(drop).unwrap_err().to_string(),
                open.map(drop).unwrap_err().to_string(),
            ];
            let request = cascade_sdk::HttpRequest {
                method: "GET".into(),
                url: "http://127.0.0.1:9/".into(),
                headers: Vec::new(),
                body: Vec::new(),
            };
            refused.push(ctx.host().http().send(request).await.map(drop).unwrap_err().to_string());
            let connect = ctx.connect(cascade_sdk::ConnectRequest::tcp("127.0.0.1", 9)).await;
            refused.push(connect.map(drop).unwrap_err().to_string());
            ctx.transaction().execute(insert())?;
            ctx.log().info("still here");
            *REFUSED.lock().unwrap() = refused;
            Outcome::summary("late").erased()
        })
    };
    let toml = timer("stubborn", "timeout = \"50ms\"");
    let bench = Bench::start(&toml, vec![job("stubborn", 1, stubborn)], GRACE).await;
    let run = bench.run("stubborn", RunState::Completed).await;
    assert_eq!((run.attempt, run.summary.as_deref()), (2, None));
    GO_ON.store(true, Ordering::SeqCst);
    until(async || !REFUSED.lock().unwrap().is_empty()).await;
    for refused in REFUSED.lock().unwrap().iter() {
        assert!(refused.contains("this attempt was abandoned"), "{refused}");
    }
    let notes = bench.store.database().query(sql("SELECT * FROM note")).await.unwrap();
    assert!(notes.is_empty(), "{notes:?}");
    let log = bench.log(&run).await;
    assert!(log[0].starts_with("abandoned: timed out after 50ms"), "{log:?}");
    assert_eq!(log[1..], ["timed out after 50ms"]);
}

/// A transaction that was open when its run was abandoned is rolled back.
#[tokio::test]
async fn an_open_transaction_of_an_abandoned_attempt_is_not_committed() {
    static COMMITTED: std::sync::Mutex<Option<Result<(), String>>> = std::sync::Mutex::new(None);
    let stubborn: Work = |ctx| {
        Box::pin(async move {
            ctx.db().execute(sql("CREATE TABLE note (text text)")).await?;
            ctx.cancelled().await;
            // Just before it is abandoned: a transaction may be open for 5 s.
            tokio::time::sleep(super::super::supervised::STOP_GRACE - Duration::from_secs(1)).await;
            let mut open = ctx.host().database().begin().await?;
            open.execute(sql("INSERT INTO note VALUES ('late')")).await?;
            tokio::time::sleep(Duration::from_secs(2)).await;
            let committed = open.commit().await.map_err(|error| error.to_string());
            *COMMITTED.lock().unwrap() = Some(committed);
            Outcome::done().erased()
        })
    };
    let (_server, bench) =
        on_postgres("[jobs.stubborn]\n", vec![job("stubborn", 1, stubborn)]).await;
    bench.ask("stubborn").await;
    let run = bench.run("stubborn", RunState::Running).await;
    bench.engine.request_cancel(&Visible::All, run.id).await.unwrap();
    bench.wake.cancel(run.id).await;
    bench.run("stubborn", RunState::Cancelled).await;
    until(async || COMMITTED.lock().unwrap().is_some()).await;
    let refused = COMMITTED.lock().unwrap().clone().unwrap().unwrap_err();
    assert!(refused.contains("this attempt was abandoned"), "{refused}");
    let notes = bench.store.database().query(sql("SELECT * FROM note")).await.unwrap();
    assert!(notes.is_empty(), "{notes:?}");
}

#[tokio::test]
async fn the_last_of_many_progress_calls_stays_on_the_run() {
    let work: Work = |ctx| {
        Box::pin(async move {
            for nth in 1..=100_000 {
                ctx.progress(f64::from(nth) / 100_000.0, format!("step {nth}"));
            }
            Outcome::done().erased()
        })
    };
    let bench = Bench::start(&timer("work", ""), vec![job("work", 1, work)], GRACE).await;
    let progress = bench.run("work", RunState::Completed).await.progress.unwrap();
    assert_eq!((progress.fraction, progress.message.as_str()), (1.0, "step 100000"));
}

/// A plugin in this process cannot be made to wait: of too many lines the first and the last stay, and
/// marks say how many are missing.
#[tokio::test]
async fn a_flood_of_lines_leaves_the_last_ones_and_marks() {
    const LINES: usize = 200_000;
    let work: Work = |ctx| {
        Box::pin(async move {
            for nth in 0..LINES {
                ctx.log().info(nth);
            }
            Err(JobError::fail("the end"))
        })
    };
    let bench = Bench::start(&timer("work", ""), vec![job("work", 1, work)], GRACE).await;
    let run = bench.run("work", RunState::Failed).await;
    let lines = bench.store.run_logs(&Visible::All, run.id, 1_000_000).await.unwrap();
    let dropped: u64 =
        lines.iter().filter_map(|line| line.fields.as_ref()?.get("dropped")?.as_u64()).sum();
    let kept: Vec<usize> = lines.iter().filter_map(|line| line.message.parse().ok()).collect();
    assert_eq!(kept.len() + dropped as usize, LINES);
    assert!(kept.is_sorted() && kept.len() <= border::LINES_PER_RUN);
    assert_eq!((kept[0], kept[kept.len() - 1]), (0, LINES - 1));
    assert_eq!(lines.last().unwrap().message, "the end");
}

/// A program waits until its lines are stored, and none is lost.
#[tokio::test]
async fn a_program_prints_no_faster_than_its_lines_are_stored() {
    let script = "for nth in range(20000): print(nth)";
    let toml = format!(
        "[jobs.program]\nevery = \"1h\"\n\
         [jobs.program.executable]\ncommand = [\"python3\", \"-c\", \"{script}\"]\n"
    );
    let bench = Bench::start(&toml, Vec::new(), GRACE).await;
    let run = bench.run("program", RunState::Completed).await;
    let lines = bench.store.run_logs(&Visible::All, run.id, 1_000_000).await.unwrap();
    let kept: Vec<usize> = lines.iter().map(|line| line.message.parse().unwrap()).collect();
    assert!(kept.iter().copied().eq(0..20_000), "{} lines", kept.len());
}
