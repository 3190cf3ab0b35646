//! PostgreSQL, PgBouncer, Redis and Dovecot of a test's own: in a temporary folder, on a free port of the loopback, gone
//! with the test. A test may stop, kill, pause and start them again; no other server is touched.
//!
//! Faults panic: this crate serves tests only.

mod certificates;
mod dovecot;
mod migrated;
mod pgbouncer;
mod postgres;
mod process;
mod redis;
mod template;

pub use certificates::Certificates;
pub use dovecot::Dovecot;
pub use migrated::{Migrated, SHARED};
pub use pgbouncer::PgBouncer;
pub use postgres::{Held, Postgres};
pub use process::{find, free_port};
pub use redis::Redis;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn committed_rows_survive_a_kill() {
        let mut postgres = Postgres::start();
        let url = postgres.database();
        assert!(url.starts_with("postgres://"), "{url}");
        postgres.sql("cascade_0", "CREATE TABLE kept AS SELECT 7 AS n");
        postgres.kill();
        postgres.restart();
        assert_eq!(postgres.sql("cascade_0", "SELECT n FROM kept"), "7");
        postgres.stop();
    }

    #[test]
    fn a_killed_mail_server_comes_back_with_its_mail() {
        let mut dovecot = Dovecot::start("secret");
        dovecot.append("INBOX", "Subject: kept\n\nx\n");
        dovecot.kill();
        dovecot.restart();
        let found = dovecot.commands(&["EXAMINE INBOX", "FETCH 1 BODY[]"]);
        assert!(found.contains("Subject: kept"), "{found}");
    }

    #[test]
    fn a_killed_redis_comes_back_on_its_port() {
        let mut redis = Redis::start();
        let url = redis.url();
        redis.pause();
        redis.resume();
        redis.kill();
        redis.restart();
        assert_eq!(redis.url(), url);
    }
}
