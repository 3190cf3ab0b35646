//! What the first runs after a start need not wait for.

use std::time::Duration;

use futures::future::try_join_all;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{PostgresStore, claim, floor::Floor, tx};
use crate::{Choice, End, EndWithEvent, Holder, Result};
use cascade_model::{Lease, RunKind, RunState};

/// A new connection knows no tables and has no plans: each of those that move runs is opened and asked
/// once for what there is not.
pub(super) async fn warm_up(store: &PostgresStore) -> Result<()> {
    let most = store.queue.options().get_max_connections();
    let opened = try_join_all((0..most).map(|_| store.kept.acquire())).await?;
    try_join_all(opened.into_iter().map(|mut connection| async move {
        ask_for_nothing(&mut connection).await?;
        connection.keep();
        Result::Ok(())
    }))
    .await?;
    Ok(())
}

async fn ask_for_nothing(connection: &mut PgConnection) -> Result<()> {
    let nobody = || String::new();
    let (kind, owner) = (RunKind::Schedule, nobody());
    let lease = Lease { run_id: Uuid::nil(), kind, owner, attempt: 0 };
    let state = RunState::Completed;
    let end = EndWithEvent {
        end: End { lease, state, error: None, summary: None, ran: None },
        project_id: Uuid::nil(),
        text: (nobody(), ""),
    };
    tx::lock_schedules(connection, Uuid::nil(), &[]).await?;
    tx::insert_runs(connection, &[], false).await?;
    let holder = Holder { owner: "", lease: Duration::ZERO };
    claim::begin_runs(connection, &[], &holder).await?;
    let nothing = Choice {
        kind,
        behind: Uuid::max(),
        projects: 1,
        runs: 1,
        except_jobs: &[],
        except_projects: &[],
    };
    for kind in RunKind::ALL {
        claim::take(connection, &Choice { kind, ..nothing }, &holder, &Floor::default()).await?;
    }
    claim::look(connection, "", &Floor::default()).await?;
    tx::end_with_events(connection, &[end]).await?;
    claim::soonest(connection, "", &[], &[]).await?;
    Ok(())
}
