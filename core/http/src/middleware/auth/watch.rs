use std::{sync::Arc, time::Duration};

use chrono::Utc;
use futures::{StreamExt, stream};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use cascade_access::Accounts;
use cascade_sse::EventHub;

/// How soon open streams hear that somebody may see less: what they see must end within 2 s.
const LOOK: Duration = Duration::from_secs(1);
/// A session that is idle for too long tells nobody: all streams' rights are looked at this often.
const LOOK_AT_ALL: Duration = Duration::from_secs(300);
/// Rights looked at side by side.
const AT_ONCE: usize = 8;

/// Ends the streams of who may no longer see what they show, until `stop`. One query a second for all
/// of a process while nothing changes, and none while no stream is open.
pub async fn watch(hub: Arc<EventHub>, accounts: Accounts, stop: CancellationToken) {
    let (mut seen, mut looked) = (None, Instant::now());
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        if hub.subscribers().is_empty() {
            continue;
        }
        end_those_over(&hub);
        match accounts.version().await {
            Ok(now) if seen == Some(now) && looked.elapsed() < LOOK_AT_ALL => {}
            Ok(now) => {
                (seen, looked) = (Some(now), Instant::now());
                look(&hub).await;
            }
            Err(error) => tracing::warn!(%error, "access rights could not be looked at"),
        }
    }
}

/// A token or session that has reached its end is over without a look at the database.
fn end_those_over(hub: &EventHub) {
    let now = Utc::now();
    let over: Vec<_> =
        hub.subscribers().grants().into_iter().filter(|grant| grant.is_over(now)).collect();
    for grant in &over {
        hub.subscribers().revoke(grant);
    }
    if !over.is_empty() {
        hub.end_revoked();
    }
}

async fn look(hub: &EventHub) {
    let grants = hub.subscribers().grants();
    let checked = stream::iter(grants).map(async |grant| (grant.holds().await, grant));
    let mut checked = std::pin::pin!(checked.buffer_unordered(AT_ONCE));
    while let Some((holds, grant)) = checked.next().await {
        if !holds {
            hub.subscribers().revoke(&grant);
            hub.end_revoked();
        }
    }
}
