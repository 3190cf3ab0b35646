//! The served OpenAPI document is true, and no request makes the server fail: by schemathesis.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Command,
};

use cascade_test_servers::Postgres;
use serde_json::json;

use crate::host::{Host, root};

const VERSION: &str = "4.32.5";
/// Random requests of each operation, besides those at the edges of its schema.
const EXAMPLES: &str = "12";

/// Installs it once for the checkout, for the Python that is there.
fn schemathesis() -> Result<PathBuf, String> {
    let folder = root().join(format!("target/tools/schemathesis-{VERSION}"));
    let program = folder.join("bin/schemathesis");
    // Tests are processes, and two of them use it.
    let fault = |error: std::io::Error| format!("{}: {error}", folder.display());
    std::fs::create_dir_all(&folder).map_err(fault)?;
    let lock = File::create(folder.with_extension("lock")).map_err(fault)?;
    lock.lock().map_err(fault)?;
    if program.exists() {
        return Ok(program);
    }
    let run = |program: &Path, args: &[&str]| {
        let output = Command::new(program).args(args).output();
        let output = output.map_err(|error| format!("{}: {error}", program.display()))?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() { Ok(()) } else { Err(said) }
    };
    let place = folder.to_str().ok_or("the path of the checkout is not UTF-8")?;
    run(Path::new("python3"), &["-m", "venv", "--clear", place])?;
    let package = format!("schemathesis=={VERSION}");
    run(&folder.join("bin/pip"), &["install", "--quiet", "--disable-pip-version-check", &package])?;
    Ok(program)
}

#[tokio::test]
async fn whatever_is_asked_is_answered_as_the_document_says() {
    answered_as_the_document_says(&[]).await;
}

#[tokio::test]
async fn whatever_is_asked_is_answered_as_the_document_says_on_postgres() {
    let postgres = Postgres::start();
    answered_as_the_document_says(&[("DATABASE_URL", &postgres.database())]).await;
}

async fn answered_as_the_document_says(env: &[(&str, &str)]) {
    let program = match schemathesis() {
        Ok(program) => program,
        Err(why) if std::env::var_os("CI").is_none() => {
            println!("skipped: schemathesis cannot be installed: {why}");
            return;
        }
        Err(why) => panic!("schemathesis cannot be installed: {why}"),
    };
    let config = "[projects]\none = {}\n[jobs.analytics_aggregates]\n[jobs.health_scoring]\n";
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("jobs.toml"), config).unwrap();
    let host = Host::start_as(&[], folder, &["--requests-per-second", "0"], env);
    let body = json!({"project_id": host.project("one").await});
    let (_, answer) = host.post("/api/jobs/analytics_aggregates/run", body).await;
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(program)
        .arg("--config-file")
        .arg(root().join("tests/e2e/schemathesis.toml"))
        .args(["run", &format!("{}/api/openapi.json", host.url)])
        // A stream has no end.
        .args(["--exclude-path", "/api/events/stream"])
        .args(["--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES])
        .args(["--seed", "5", "--continue-on-failure", "--no-color", "--warnings", "off"])
        .env("RUN_ID", answer["run_id"].as_str().unwrap())
        // It keeps a database of examples where it runs.
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    println!("{said}");
    assert!(output.status.success(), "{said}\n{}", host.log());
    assert!(!host.log().contains(" ERROR "), "{}", host.log());
}
