//! Runs that their worker has lost track of.

use super::*;

pub(super) async fn what_its_owner_does_not_list_comes_back_although_it_lives(store: &impl Store) {
    let runs = claim(store).await;
    let (kept, lost) = (&runs[0].lease, &runs[1].lease);
    assert_eq!(store.give_up_unlisted("worker-b", &[]).await.unwrap(), 0, "those of others stay");
    let all = [kept.clone(), lost.clone()];
    assert_eq!(store.give_up_unlisted("worker-a", &all).await.unwrap(), 0);
    let listed = std::slice::from_ref(kept);
    store.renew(listed, LEASE).await.unwrap();
    assert_eq!(store.give_up_unlisted("worker-a", listed).await.unwrap(), 1);
    let shown = store.run(&Visible::All, lost.run_id).await.unwrap().unwrap();
    assert_eq!(shown.state, RunState::Retryable);
    assert!(shown.error.unwrap().contains("lost track of it"));
    let again = claim(store).await;
    assert_eq!((again.len(), again[0].lease.run_id), (1, lost.run_id));
    assert_eq!(again[0].lease.attempt, 2);
    assert!(matches!(store.complete(lost, success(&[])).await, Err(StoreError::LostLease)));
    // An attempt that is not the listed one is not listed; this one was the last.
    assert_eq!(store.give_up_unlisted("worker-a", &all).await.unwrap(), 1);
    let shown = store.run(&Visible::All, lost.run_id).await.unwrap().unwrap();
    assert_eq!(shown.state, RunState::Failed);
    assert_eq!(events_after(store, 0, 10).await.unwrap().len(), 1);
    // One that was to be cancelled is cancelled.
    store.request_cancel(&Visible::All, kept.run_id).await.unwrap();
    assert_eq!(store.give_up_unlisted("worker-a", &[]).await.unwrap(), 1);
    let shown = store.run(&Visible::All, kept.run_id).await.unwrap().unwrap();
    assert_eq!(shown.state, RunState::Cancelled);
    assert!(claim(store).await.is_empty());
}

/// As after a pause of the whole process that was longer than the lease: the renewal comes late.
pub(super) async fn an_owner_does_not_give_up_its_own_leases(store: &impl Store) {
    let runs = store.claim("worker-a", 10, Duration::ZERO, &[]).await.unwrap();
    assert_eq!(runs.len(), 2);
    // Long enough for the clock to move on.
    for _ in 0..20 {
        assert!(store.claim("worker-a", 10, LEASE, &[]).await.unwrap().is_empty());
    }
    let due = store.next_due("worker-a", &[]).await.unwrap();
    assert_eq!(due, None, "its own leases are no reason to look");
    assert_eq!(renew(store, &runs[0].lease).await, Renewal::Held);
    let others = store.claim("worker-b", 10, LEASE, &[]).await.unwrap();
    // What was renewed as late as that is renewed for all of a worker on PostgreSQL.
    assert!(others.iter().all(|run| run.lease.run_id != runs[0].lease.run_id));
}
