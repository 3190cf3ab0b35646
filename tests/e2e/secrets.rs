//! PostgreSQL and Redis over TLS and with passwords, and where passwords do not appear.

use std::path::Path;

use cascade_test_servers::{Postgres, Redis};
use serde_json::json;
use tempfile::TempDir;

use crate::host::{Host, command};

const DATABASE_PASSWORD: &str = "Datenbank-Geheimnis-7319";
const REDIS_PASSWORD: &str = "Redis-Geheimnis-5528";
const PARAM_PASSWORD: &str = "Zugangs-Geheimnis-9042";
const PROGRAM_PASSWORD: &str = "Programm-Geheimnis-3377";

const JOBS_TOML: &str = r##"
[projects]
one = {}
[jobs.analytics_aggregates]
[jobs.uses_secrets]
params = { token = "Zugangs-Geheimnis-9042", nested = [{ key = "Zugangs-Geheimnis-9042" }], place = "shown" }
[jobs.uses_secrets.executable]
command = ["sh", "-c", "cat > /dev/null; test ${#PASSWORD} = 23"]
env = { PASSWORD = "Programm-Geheimnis-3377" }
[jobs.uses_secrets.executable.params_schema]
type = "object"
[jobs.uses_secrets.executable.params_schema.properties]
place = { type = "string" }
token = { type = "string", format = "password" }
nested = { type = "array", items = { "$ref" = "#/$defs/entry" } }
[jobs.uses_secrets.executable.params_schema."$defs".entry]
type = "object"
properties = { key = { type = "string", writeOnly = true } }
"##;

fn start(subcommand: &str, files: &Path, env: &[(&str, &str)]) -> Host {
    let folder: TempDir = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("jobs.toml"), JOBS_TOML).unwrap();
    let (database, redis) = (files.join("database"), files.join("redis"));
    let mut all = vec![
        ("DATABASE_URL_FILE", database.to_str().unwrap()),
        ("REDIS_URL_FILE", redis.to_str().unwrap()),
        ("CASCADE_LOG", "trace"),
    ];
    all.extend(env);
    Host::start_as(&[subcommand], folder, &[], &all)
}

#[tokio::test]
async fn over_tls_with_passwords_from_files_and_none_of_them_is_logged_or_served() {
    let postgres = Postgres::start_secured(DATABASE_PASSWORD);
    let mut redis = Redis::start_secured(REDIS_PASSWORD);
    let files = tempfile::tempdir().unwrap();
    let url = postgres.database();
    assert!(url.contains("sslmode=verify-full") && redis.url().starts_with("rediss://"));
    std::fs::write(files.path().join("database"), format!("{url}\n")).unwrap();
    std::fs::write(files.path().join("redis"), redis.url()).unwrap();
    let authority = redis.certificates().unwrap().authority();
    let authority = [("REDIS_CA_FILE", authority.to_str().unwrap())];
    let server = start("server", files.path(), &authority);
    let worker = start("worker", files.path(), &authority);
    for host in [&server, &worker] {
        host.wait_for("/health", |health| health["bus"] == "redis").await;
    }
    let encrypted = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
         WHERE application_name LIKE 'cascade %'";
    assert_eq!(postgres.sql("cascade_0", encrypted), "t");

    let project_id = server.project("one").await;
    for job in ["analytics_aggregates", "uses_secrets"] {
        let body = json!({"project_id": project_id});
        let (status, answer) = server.post(&format!("/api/jobs/{job}/run"), body).await;
        assert_eq!(status, 202, "{answer}");
        let path = format!("/api/jobs/runs/{}", answer["run_id"].as_str().unwrap());
        let run = server.wait_for(&path, |run| run["finished_at"].is_string()).await;
        assert_eq!(run["state"], "completed", "{run}");
    }

    let config = server.get("/api/jobs/config").await;
    let params = &config["jobs"]["uses_secrets"]["params"];
    assert_eq!(params, &json!({"token": "***", "nested": [{"key": "***"}], "place": "shown"}));
    let mut said = config.to_string();
    for path in ["/api/jobs/types", "/api/jobs/scheduler", "/api/jobs/runs", "/api/data", "/health"]
    {
        said += &server.get(path).await.to_string();
    }

    // A fault of each must not tell more than the good case.
    redis.kill();
    server.wait_for("/health", |health| health["bus"] == "postgres").await;
    said += &server.log();
    said += &worker.log();
    assert!(said.contains(" TRACE ") || said.contains("TRACE"), "the log is not at its fullest");
    for secret in [DATABASE_PASSWORD, REDIS_PASSWORD, PARAM_PASSWORD, PROGRAM_PASSWORD] {
        let place = said.find(secret);
        let around = place.map(|at| &said[said.floor_char_boundary(at.saturating_sub(300))..at]);
        assert_eq!(around, None, "{secret} was told after this");
    }
}

#[tokio::test]
async fn a_server_that_cannot_prove_who_it_is_is_not_talked_to() {
    let postgres = Postgres::start_secured(DATABASE_PASSWORD);
    let redis = Redis::start_secured(REDIS_PASSWORD);
    let stranger = Redis::start_secured("x");
    let wrong = stranger.certificates().unwrap().authority();
    let url = postgres.database();

    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("jobs.toml"), JOBS_TOML).unwrap();
    let right = postgres.certificates().unwrap().authority().display().to_string();
    let refused = |url: &str, env: &[(&str, &str)]| {
        let mut server = command();
        server.args(["server", "--listen", "127.0.0.1:0"]).current_dir(folder.path());
        let output = server.env("DATABASE_URL", url).envs(env.iter().copied()).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let said = refused(&url.replace(&right, wrong.to_str().unwrap()), &[]);
    assert!(said.contains("certificate"), "{said}");
    let said_wrong = refused(&url.replace(DATABASE_PASSWORD, "Falsches-Geheimnis"), &[]);
    assert!(said_wrong.contains("password authentication failed"), "{said_wrong}");
    let said_both = refused(&url, &[("DATABASE_URL_FILE", "x")]);
    assert!(said_both.contains("both DATABASE_URL and DATABASE_URL_FILE"), "{said_both}");
    let said_bad = refused(&url, &[("REDIS_URL", "redis://cascade:Falsches-Geheimnis@:x")]);
    assert!(said_bad.contains("REDIS_URL is not a URL"), "{said_bad}");
    for said in [said, said_wrong, said_both, said_bad] {
        assert!(!said.contains("Geheimnis"), "{said}");
    }

    // Redis is no reason not to start; a stranger is not given the password.
    let env = [("REDIS_CA_FILE", wrong.to_str().unwrap())];
    let files = tempfile::tempdir().unwrap();
    std::fs::write(files.path().join("database"), &url).unwrap();
    std::fs::write(files.path().join("redis"), redis.url()).unwrap();
    let server = start("server", files.path(), &env);
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let health = server.get("/health").await;
    assert_eq!((&health["bus"], &health["degraded"]), (&json!("postgres"), &json!(true)));
}
