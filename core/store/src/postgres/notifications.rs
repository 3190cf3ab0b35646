//! Which of the applications that ask for runs notify workers.

use std::time::Duration;

use cascade_test_servers::Postgres;
use sqlx::{Connection as _, PgConnection, postgres::PgListener};

use super::{SIGNALS, filled::filled};

const SCHEDULE: &str = "
    INSERT INTO projects (id, slug, name) VALUES ('00000000-0000-7000-8000-000000000001', 'one', 'One');
    INSERT INTO scheduled_jobs (id, job_type, project_id, max_attempts)
    VALUES (gen_random_uuid(), 'job', '00000000-0000-7000-8000-000000000001', 3)";
const ASK: &str = "SELECT cascade_enqueue('job', 'one')";

async fn database(server: &Postgres) -> (String, PgListener) {
    let (url, _) = filled(server, SCHEDULE).await;
    let mut listener = PgListener::connect(&url).await.unwrap();
    listener.listen_all([SIGNALS, "test"]).await.unwrap();
    (url, listener)
}

async fn ask(connection: &mut PgConnection) {
    sqlx::query(ASK).execute(connection).await.unwrap();
}

/// The channels of what was said before the word of this call.
async fn heard(url: &str, listener: &mut PgListener) -> Vec<String> {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::query("SELECT pg_notify('test', '')").execute(&mut connection).await.unwrap();
    let mut channels = Vec::new();
    loop {
        let said = tokio::time::timeout(Duration::from_secs(60), listener.recv());
        let said = said.await.unwrap().unwrap();
        if said.channel() == "test" {
            return channels;
        }
        channels.push(said.channel().to_owned());
    }
}

#[tokio::test]
async fn an_open_transaction_that_has_asked_keeps_no_other_from_notifying() {
    let server = Postgres::start();
    let (url, mut listener) = database(&server).await;
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut connection = PgConnection::connect(&url).await.unwrap();
        sqlx::query("BEGIN").execute(&mut connection).await.unwrap();
        ask(&mut connection).await;
        open.push(connection);
    }
    let mut other = PgConnection::connect(&url).await.unwrap();
    ask(&mut other).await;
    assert_eq!(heard(&url, &mut listener).await, [SIGNALS]);
    for mut connection in open {
        sqlx::query("COMMIT").execute(&mut connection).await.unwrap();
        assert_eq!(heard(&url, &mut listener).await, [SIGNALS]);
    }
}

/// Locks that are held for longer than any commit stand for two commits that are under way.
#[tokio::test]
async fn while_two_are_about_to_notify_a_third_leaves_it_to_them() {
    let server = Postgres::start();
    let (url, mut listener) = database(&server).await;
    let mut asker = PgConnection::connect(&url).await.unwrap();
    let mut others = PgConnection::connect(&url).await.unwrap();
    let lock = "SELECT pg_advisory_lock(hashtext('cascade.tell_workers'), $1)";
    sqlx::query(lock).bind(1).execute(&mut others).await.unwrap();
    ask(&mut asker).await;
    assert_eq!(heard(&url, &mut listener).await, [SIGNALS], "one more may");
    sqlx::query(lock).bind(2).execute(&mut others).await.unwrap();
    ask(&mut asker).await;
    assert_eq!(heard(&url, &mut listener).await, [""; 0]);
    others.close().await.unwrap();
    // The server lets go of the locks once it has noticed that their connection is gone.
    let gone =
        "SELECT pg_advisory_lock(hashtext('cascade.tell_workers'), 1), pg_advisory_unlock_all()";
    sqlx::query(gone).execute(&mut asker).await.unwrap();
    ask(&mut asker).await;
    assert_eq!(heard(&url, &mut listener).await, [SIGNALS]);
    let made: i64 = sqlx::query_scalar("SELECT count(*) FROM open_queue_runs")
        .fetch_one(&mut asker)
        .await
        .unwrap();
    assert_eq!(made, 3, "none is lost");
}
